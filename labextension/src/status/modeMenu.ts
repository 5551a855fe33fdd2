import { TranslationBundle } from '@jupyterlab/translation';

import { MODES, Scope, SuggestionMode, SuggestionModes } from './modes';
import { IOption, createOptionList, setOptions } from './optionList';

/** The value of the option that makes no choice. */
const NO_CHOICE = '';

/**
 * When suggestions come: a list for everything, one for the document that the
 * user is in, and one for its language.
 */
export class ModeMenu {
  /**
   * @param modes - The choices.
   * @param trans - Translates texts.
   */
  constructor(modes: SuggestionModes, trans: TranslationBundle) {
    this._modes = modes;
    this._trans = trans;
    this.node.className = 'jp-SafeCoder-modes';
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', trans.__('When suggestions come'));
    for (const scope of ['everything', 'document', 'language'] as const) {
      this._rows.set(scope, this._createRow(scope));
    }
    this.render();
  }

  /** The element to show. */
  readonly node = document.createElement('div');

  /**
   * Show the present choices.
   */
  render(): void {
    for (const [scope, { label, row, select }] of this._rows) {
      label.textContent = this._labelOf(scope);
      row.hidden = label.textContent === '';
      const choice = this._modes.choice(scope) ?? NO_CHOICE;
      if (select.value !== choice) {
        // An open list stays as it is.
        select.value = choice;
      }
      select.disabled =
        scope !== 'everything' && this._modes.everything === 'off';
    }
  }

  private _createRow(scope: Scope): Private.IRow {
    const row = document.createElement('label');
    const label = document.createElement('span');
    const select = createOptionList(value => {
      const mode = value === NO_CHOICE ? null : value;
      void this._modes.choose(scope, mode as SuggestionMode | null);
    });
    select.dataset.scope = scope;
    const texts = this._texts();
    const options: IOption[] = MODES.map(mode => ({
      value: mode,
      text: texts[mode]
    }));
    if (scope !== 'everything') {
      const text = this._trans.__('As everywhere');
      options.unshift({ value: NO_CHOICE, text });
    }
    setOptions(select, options, options[0].value);
    row.append(label, select);
    this.node.append(row);
    return { label, row, select };
  }

  private _texts(): Record<SuggestionMode, string> {
    return {
      automatic: this._trans.__('Automatic'),
      manual: this._trans.__('On request'),
      off: this._trans.__('Off')
    };
  }

  /** The label of a list; empty if it is not shown. */
  private _labelOf(scope: Scope): string {
    const { document } = this._modes;
    if (scope === 'everything') {
      return this._trans.__('Everywhere');
    }
    if (document === null) {
      return '';
    }
    if (scope === 'language') {
      return this._trans.__('In %1', Private.languageName(document.language));
    }
    return {
      console: this._trans.__('In this console'),
      file: this._trans.__('In this file'),
      notebook: this._trans.__('In this notebook')
    }[document.kind];
  }

  private _modes: SuggestionModes;
  private _rows = new Map<Scope, Private.IRow>();
  private _trans: TranslationBundle;
}

namespace Private {
  /** The elements of a list. */
  export interface IRow {
    label: HTMLElement;
    row: HTMLElement;
    select: HTMLSelectElement;
  }

  /** A name of a language, as it is written. */
  export function languageName(language: string): string {
    return language.charAt(0).toUpperCase() + language.slice(1);
  }
}
