import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { ModelMenu } from './modelMenu';
import { ISafeCoderStatus } from './tokens';

/**
 * A popup with the state, its reason and remedy, the model, the models to
 * switch to, and two buttons: completions on or off, and start or restart.
 */
export class StatusPopup extends Widget {
  /**
   * @param status - The state to show and to change.
   * @param anchor - The element beside which the popup opens.
   * @param trans - Translates texts.
   */
  constructor(
    status: ISafeCoderStatus,
    anchor: HTMLElement,
    trans: TranslationBundle
  ) {
    super();
    this._status = status;
    this._anchor = anchor;
    this._trans = trans;
    this.addClass('jp-SafeCoder-popup');
    this.addClass('jp-ThemedContainer');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', 'SafeCoder');
    this.node.tabIndex = -1;
    this._toggle = Private.createButton('toggle', () =>
      status.setEnabled(!status.enabled)
    );
    this._start = Private.createButton('start', () => status.start());
    for (const name of ['state', 'reason', 'remedy', 'notice', 'model']) {
      const line = document.createElement('div');
      line.className = `jp-SafeCoder-${name}`;
      this._lines.set(name, line);
      this.node.appendChild(line);
    }
    this._menu = new ModelMenu(status, trans);
    this.node.append(this._menu.node, this._toggle, this._start);
    status.changed.connect(this.update, this);
    this._render();
  }

  /**
   * Show the popup and give it the focus.
   */
  open(): void {
    Widget.attach(this, document.body);
    this._updatePosition();
    this._toggle.focus();
    void this._status.loadModels();
  }

  /** Dispose of the popup. */
  dispose(): void {
    this._status.changed.disconnect(this.update, this);
    super.dispose();
  }

  /** Handle the DOM events of the popup. */
  handleEvent(event: Event): void {
    if (event.type === 'resize') {
      this._updatePosition();
    } else if (event.type === 'keydown') {
      if ((event as KeyboardEvent).key === 'Escape') {
        this.close();
        this._anchor.focus();
      }
    } else {
      const target = event.target as Node;
      if (!this.node.contains(target) && !this._anchor.contains(target)) {
        this.close();
      }
    }
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._anchor.setAttribute('aria-expanded', 'true');
    document.addEventListener('pointerdown', this, true);
    this.node.addEventListener('keydown', this);
    window.addEventListener('resize', this);
  }

  protected onBeforeDetach(msg: Message): void {
    this._anchor.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', this, true);
    this.node.removeEventListener('keydown', this);
    window.removeEventListener('resize', this);
    super.onBeforeDetach(msg);
  }

  protected onCloseRequest(msg: Message): void {
    super.onCloseRequest(msg);
    this.dispose();
  }

  protected onUpdateRequest(msg: Message): void {
    super.onUpdateRequest(msg);
    this._render();
    if (this.isAttached) {
      this._updatePosition();
    }
  }

  /** Move above or below the anchor, where there is more space. */
  private _updatePosition(): void {
    const anchor = this._anchor.getBoundingClientRect();
    const { style } = this.node;
    const isAbove = anchor.top > window.innerHeight - anchor.bottom;
    style.right = `${Math.max(8, window.innerWidth - anchor.right)}px`;
    style.top = isAbove ? '' : `${anchor.bottom + 4}px`;
    style.bottom = isAbove ? `${window.innerHeight - anchor.top + 4}px` : '';
  }

  private _render(): void {
    this._menu.render();
    const trans = this._trans;
    const { view } = this._status;
    const texts: { [name: string]: string } = {
      state: trans.__('SafeCoder: %1', view.label),
      reason: view.reason,
      remedy: view.remedy,
      notice: view.notice,
      model: view.model && trans.__('Model: %1', view.model)
    };
    for (const [name, line] of this._lines) {
      line.textContent = texts[name];
      line.hidden = texts[name] === '';
    }
    this._toggle.textContent = view.enabled
      ? trans.__('Turn completions off')
      : trans.__('Turn completions on');
    this._toggle.setAttribute('aria-pressed', String(view.enabled));
    this._start.textContent = view.startLabel;
    const isFocused = document.activeElement === this._start;
    this._start.hidden = view.startLabel === '';
    if (isFocused && this._start.hidden) {
      // Without the focus the popup would not receive Escape.
      this._toggle.focus();
    }
  }

  private _anchor: HTMLElement;
  private _lines = new Map<string, HTMLElement>();
  private _menu: ModelMenu;
  private _start: HTMLButtonElement;
  private _status: ISafeCoderStatus;
  private _toggle: HTMLButtonElement;
  private _trans: TranslationBundle;
}

namespace Private {
  /** Create a button that calls a function when it is clicked. */
  export function createButton(
    name: string,
    onClick: () => Promise<void>
  ): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `jp-SafeCoder-${name} jp-mod-styled jp-mod-minimal`;
    button.addEventListener('click', () => void onClick());
    return button;
  }
}
