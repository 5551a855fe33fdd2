import { TranslationBundle } from '@jupyterlab/translation';

import { describeSources } from '../../attribution/describe';
import { ISuggestionSources } from '../../attribution/tokens';
import { InlineCompleters } from './inlineCompleters';

/** The pause, in ms, after which a suggestion is read: it may still grow. */
export const ANNOUNCE_MS = 500;

/**
 * Tells screen readers which suggestion is shown.
 *
 * Lab's ghost text is not part of the editor's text, so no screen reader reads
 * it. A live region is read when the user pauses.
 */
export class Announcer {
  /**
   * @param completers - Lab's completers.
   * @param trans - Translates the announcement.
   * @param sources - Where suggestions are from.
   */
  constructor(
    completers: InlineCompleters,
    trans: TranslationBundle,
    sources: ISuggestionSources | null = null
  ) {
    this._completers = completers;
    this._sources = sources;
    this._trans = trans;
    this.node.className = 'jp-SafeCoder-announcer';
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
    completers.created.connect((_, completer) => {
      completer.model?.suggestionsChanged.connect(() => this.update());
    });
  }

  /** The live region, to be added to the page. */
  readonly node = document.createElement('div');

  /** Whether suggestions are announced. */
  isEnabled = true;

  /**
   * Read the suggestion that is shown now, when the user pauses.
   */
  update(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._announce(), ANNOUNCE_MS);
  }

  private _announce(): void {
    const text = this._completers.visible()?.current?.insertText ?? '';
    // As text: it is never parsed as HTML.
    this.node.textContent =
      text.trim() && this.isEnabled ? this._describe(text) : '';
  }

  private _describe(text: string): string {
    const suggestion = this._trans.__('Suggestion: %1', text.trim());
    const sources = this._sources?.of(text) ?? [];
    return sources.length === 0
      ? suggestion
      : `${suggestion}\n${describeSources(sources, this._trans)}`;
  }

  private _completers: InlineCompleters;
  private _sources: ISuggestionSources | null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _trans: TranslationBundle;
}
