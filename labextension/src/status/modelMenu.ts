import { Clipboard } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IListedModel } from '../protocol';
import { createOptionList, setOptions } from './optionList';
import { ISafeCoderStatus } from './tokens';

/** The name with which the server chooses the model. */
const AUTO = 'auto';

/**
 * The models: a list to switch between those on the server's disk, and how to
 * get the others.
 */
export class ModelMenu {
  /**
   * @param status - Has the models, and switches.
   * @param trans - Translates texts.
   */
  constructor(status: ISafeCoderStatus, trans: TranslationBundle) {
    this._status = status;
    this._trans = trans;
    this.node.className = 'jp-SafeCoder-models';
    this._select = createOptionList(
      name => void status.useModel(name),
      trans.__('Model')
    );
    const summary = document.createElement('summary');
    summary.textContent = trans.__('More models');
    this._others.append(summary, this._list);
    this.node.append(this._select, this._others);
    this.render();
  }

  /** The element to show. */
  readonly node = document.createElement('div');

  /**
   * Show the present models; an open list stays open if they are the same.
   */
  render(): void {
    const { models, isSwitching } = this._status;
    this.node.hidden = models === null;
    this._select.disabled = isSwitching;
    for (const button of this._list.querySelectorAll('button')) {
      button.disabled = isSwitching;
    }
    const text = JSON.stringify(models);
    if (models === null || text === this._shown) {
      return;
    }
    this._shown = text;
    const here = models.models.filter(model => model.here);
    const others = models.models.filter(model => !model.here);
    const options = here.map(({ name, purpose }) => ({
      value: name,
      text: name,
      title: purpose
    }));
    setOptions(
      this._select,
      [{ value: AUTO, text: this._trans.__('Automatic') }, ...options],
      models.selected
    );
    this._others.hidden = others.length === 0;
    this._list.replaceChildren(
      ...others.map(model => this._createRow(model, models.may_download))
    );
  }

  /** Create the row of a model that is not on the server's disk. */
  private _createRow(model: IListedModel, mayDownload: boolean): HTMLElement {
    const row = document.createElement('li');
    const name = document.createElement('strong');
    name.textContent = model.name;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'jp-mod-styled jp-mod-minimal';
    row.append(name, ` ${model.purpose} (${model.license}) `);
    if (mayDownload) {
      button.textContent = this._trans.__('Get');
      button.addEventListener(
        'click',
        () => void this._status.useModel(model.name)
      );
    } else {
      const command = document.createElement('code');
      command.textContent = model.command;
      row.append(command, ' ');
      button.textContent = this._trans.__('Copy');
      button.addEventListener('click', () =>
        Clipboard.copyToSystem(model.command)
      );
    }
    button.setAttribute('aria-label', `${button.textContent} ${model.name}`);
    row.append(button);
    return row;
  }

  private _list = document.createElement('ul');
  private _others = document.createElement('details');
  private _select: HTMLSelectElement;
  private _shown = '';
  private _status: ISafeCoderStatus;
  private _trans: TranslationBundle;
}
