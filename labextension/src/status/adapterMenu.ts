import { TranslationBundle } from '@jupyterlab/translation';

import { createOptionList, setOptions } from './optionList';
import { ISafeCoderStatus } from './tokens';

/**
 * The adapters of the served model: a list to switch between them.
 */
export class AdapterMenu {
  /**
   * @param status - Has the adapters, and switches.
   * @param trans - Translates texts.
   */
  constructor(status: ISafeCoderStatus, trans: TranslationBundle) {
    this._status = status;
    this._trans = trans;
    this.node.className = 'jp-SafeCoder-adapters';
    this._select = createOptionList(
      name => void status.useAdapter(name),
      trans.__('Adapter')
    );
    this._name.className = 'jp-SafeCoder-adapterName';
    this.node.append(this._select, this._name);
    this.render();
  }

  /** The element to show. */
  readonly node = document.createElement('div');

  /**
   * Show the present adapters; an open list stays open if they are the same.
   */
  render(): void {
    const { adapters, isSwitching } = this._status;
    const maySwitch = adapters?.may_switch && adapters.adapters.length > 0;
    const name = adapters?.selected ?? '';
    this.node.hidden = !maySwitch && name === '';
    this._select.hidden = !maySwitch;
    this._select.disabled = isSwitching;
    this._name.hidden = maySwitch === true;
    this._name.textContent = this._trans.__('Adapter: %1', name);
    const text = JSON.stringify(adapters);
    if (!maySwitch || text === this._shown) {
      return;
    }
    this._shown = text;
    const options = adapters.adapters.map(({ accepted, name, reason }) => ({
      value: name,
      text: accepted ? name : this._trans.__('%1 (rejected)', name),
      title: reason
    }));
    setOptions(
      this._select,
      [{ value: '', text: this._trans.__('No adapter') }, ...options],
      name
    );
  }

  private _name = document.createElement('div');
  private _select: HTMLSelectElement;
  private _shown = '';
  private _status: ISafeCoderStatus;
  private _trans: TranslationBundle;
}
