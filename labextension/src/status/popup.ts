import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { ISafeCoderStatus } from './tokens';

/**
 * State, reason, remedy, model, and the two buttons that a person needs.
 */
export class StatusPopup extends Widget {
  /**
   * @param status - The state to show and to change.
   * @param anchor - The element beside which the popup opens.
   */
  constructor(status: ISafeCoderStatus, anchor: HTMLElement) {
    super();
    this._status = status;
    this._anchor = anchor;
    this.addClass('jp-SafeCoder-popup');
    this.addClass('jp-ThemedContainer');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', 'SafeCoder');
    this.node.tabIndex = -1;
    this._toggle = this._button('toggle', () =>
      status.setEnabled(!status.enabled)
    );
    this._start = this._button('start', () => status.start());
    for (const part of ['state', 'reason', 'remedy', 'notice', 'model']) {
      const line = document.createElement('div');
      line.className = `jp-SafeCoder-${part}`;
      this._lines.set(part, line);
      this.node.appendChild(line);
    }
    this.node.append(this._toggle, this._start);
    status.changed.connect(this.update, this);
    this._render();
  }

  /**
   * Show the popup and give it the focus.
   */
  open(): void {
    Widget.attach(this, document.body);
    this._place();
    this._toggle.focus();
  }

  /** Dispose of the popup. */
  dispose(): void {
    this._status.changed.disconnect(this.update, this);
    super.dispose();
  }

  /** Handle the DOM events of the popup. */
  handleEvent(event: Event): void {
    if (event.type === 'resize') {
      this._place();
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
      this._place();
    }
  }

  private _button(name: string, act: () => Promise<void>): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `jp-SafeCoder-${name} jp-mod-styled jp-mod-minimal`;
    button.addEventListener('click', () => void act());
    return button;
  }

  /** Stay beside the anchor, on the side of it that has more room. */
  private _place(): void {
    const anchor = this._anchor.getBoundingClientRect();
    const { style } = this.node;
    const isAbove = anchor.top > window.innerHeight - anchor.bottom;
    style.right = `${Math.max(8, window.innerWidth - anchor.right)}px`;
    style.top = isAbove ? 'auto' : `${anchor.bottom + 4}px`;
    style.bottom = isAbove
      ? `${window.innerHeight - anchor.top + 4}px`
      : 'auto';
  }

  private _render(): void {
    const { view } = this._status;
    const texts: { [part: string]: string } = {
      state: `SafeCoder: ${view.label}`,
      reason: view.reason,
      remedy: view.remedy,
      notice: view.notice,
      model: view.model && `Model: ${view.model}`
    };
    for (const [part, line] of this._lines) {
      line.textContent = texts[part];
      line.hidden = texts[part] === '';
    }
    this._toggle.textContent = view.enabled
      ? 'Turn completions off'
      : 'Turn completions on';
    this._toggle.setAttribute('aria-pressed', String(view.enabled));
    this._start.textContent = view.startLabel;
    const isFocused = document.activeElement === this._start;
    this._start.hidden = view.startLabel === '';
    if (isFocused && this._start.hidden) {
      // Or Escape would no longer reach the popup.
      this._toggle.focus();
    }
  }

  private _anchor: HTMLElement;
  private _lines = new Map<string, HTMLElement>();
  private _start: HTMLButtonElement;
  private _status: ISafeCoderStatus;
  private _toggle: HTMLButtonElement;
}
