import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { safeCoderIcon } from '../icon';
import { StatusPopup } from './popup';
import { ISafeCoderStatus } from './tokens';
import { tooltipOf } from './view';

/**
 * A button with the icon and the state; a click opens the popup.
 */
export class StatusItem extends Widget {
  /**
   * @param status - The state to show.
   * @param trans - Translates texts.
   * @param services - What else the popup shows.
   */
  constructor(
    status: ISafeCoderStatus,
    trans: TranslationBundle,
    services: StatusPopup.IServices = {}
  ) {
    super({ node: document.createElement('button') });
    this._status = status;
    this._trans = trans;
    this._services = services;
    this.addClass('jp-SafeCoder-item');
    this.node.setAttribute('type', 'button');
    this.node.setAttribute('role', 'button');
    this.node.setAttribute('aria-haspopup', 'dialog');
    this._label.className = 'jp-SafeCoder-label';
    const icon = safeCoderIcon.element({
      tag: 'span',
      className: 'jp-SafeCoder-icon',
      height: '14px',
      width: '14px',
      margin: '0 4px 0 0'
    });
    this.node.append(icon, this._label);
    // The status bar moves its items when an editor loses the focus, and the
    // click would miss. So the editor keeps the focus until the popup opens.
    this.node.addEventListener('mousedown', event => event.preventDefault());
    this.node.addEventListener('click', () => this.togglePopup());
    status.changed.connect(this.update, this);
    this._render();
  }

  /**
   * Open the popup, or close it if it is open.
   */
  togglePopup(): void {
    if (this._popup?.isAttached) {
      this._popup.close();
      return;
    }
    this._popup = new StatusPopup(
      this._status,
      this.node,
      this._trans,
      this._services
    );
    this._popup.open();
  }

  /** Dispose of the item and its popup. */
  dispose(): void {
    this._popup?.dispose();
    this._status.changed.disconnect(this.update, this);
    super.dispose();
  }

  protected onUpdateRequest(msg: Message): void {
    super.onUpdateRequest(msg);
    this._render();
  }

  private _render(): void {
    const { view } = this._status;
    const tooltip = tooltipOf(view, this._trans);
    this._label.textContent = view.label;
    this.node.title = tooltip;
    this.node.dataset.state = view.state;
    this.node.setAttribute('aria-label', tooltip.replace(/\.?\n/g, '. '));
  }

  private _label = document.createElement('span');
  private _popup: StatusPopup | null = null;
  private _services: StatusPopup.IServices;
  private _status: ISafeCoderStatus;
  private _trans: TranslationBundle;
}
