import { JupyterFrontEnd } from '@jupyterlab/application';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { SessionFigures } from '../suggestions/figures';
import { AdapterMenu } from './adapterMenu';
import { ModeMenu } from './modeMenu';
import { ModelMenu } from './modelMenu';
import { countdown } from './snooze';
import { ISafeCoderStatus } from './tokens';

/** The texts, in their order. */
const LINES = [
  'state',
  'reason',
  'remedy',
  'notice',
  'model',
  'network',
  'times'
];

/** The commands that the popup has buttons for, where they exist. */
const COMMANDS = [
  'safecoder:open-panel',
  'safecoder:open-inspector',
  'safecoder:open-settings'
];

/**
 * A popup with the state, its reason and remedy; when suggestions come; the
 * models and adapters to switch to; and buttons.
 */
export class StatusPopup extends Widget {
  /**
   * @param status - The state to show and to change.
   * @param anchor - The element beside which the popup opens.
   * @param trans - Translates texts.
   * @param services - What else the popup shows, where it is there.
   */
  constructor(
    status: ISafeCoderStatus,
    anchor: HTMLElement,
    trans: TranslationBundle,
    services: StatusPopup.IServices = {}
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
    this._snooze = Private.createButton('snooze', async () => {
      if (status.snooze.seconds > 0) {
        status.snooze.end();
      } else {
        status.snooze.start();
      }
    });
    this._restart = Private.createButton('restart', () => status.restart());
    this._restart.textContent = trans.__('Restart');
    this._figures = services.figures;
    for (const name of LINES) {
      const line = document.createElement('div');
      line.className = `jp-SafeCoder-${name}`;
      this._lines.set(name, line);
      this.node.appendChild(line);
    }
    this._menus = [
      new ModeMenu(status.modes, trans),
      new ModelMenu(status, trans),
      new AdapterMenu(status, trans)
    ];
    const buttons = document.createElement('div');
    buttons.className = 'jp-SafeCoder-buttons';
    buttons.append(
      this._toggle,
      this._snooze,
      this._start,
      this._restart,
      ...this._createCommandButtons(services.commands)
    );
    this.node.append(...this._menus.map(({ node }) => node), buttons);
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
    this._status.modes.update();
    void this._status.loadModels();
    void this._status.loadAdapters();
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

  /** Whether an element of the popup had the focus and cannot have it now. */
  private _isFocusLost(focused: Element | null): boolean {
    const isOurs = focused !== null && this.node.contains(focused);
    return isOurs && (focused as HTMLElement).matches('[hidden], :disabled');
  }

  private _render(): void {
    const focused = document.activeElement;
    for (const menu of this._menus) {
      menu.render();
    }
    const trans = this._trans;
    const { adapters, view } = this._status;
    const times = this._figures?.times;
    const texts: { [name: string]: string } = {
      state: trans.__('SafeCoder: %1', view.label),
      reason: view.reason,
      remedy: view.remedy,
      notice: view.notice,
      model: view.model && trans.__('Model: %1', view.model),
      network:
        view.connectsTo && trans.__('May connect to: %1', view.connectsTo),
      times: times
        ? trans.__('Ghost text after %1 ms, p95 %2 ms', times.p50, times.p95)
        : ''
    };
    for (const [name, line] of this._lines) {
      line.textContent = texts[name];
      line.hidden = texts[name] === '';
    }
    this._toggle.textContent = view.enabled
      ? trans.__('Turn completions off')
      : trans.__('Turn completions on');
    this._toggle.setAttribute('aria-pressed', String(view.enabled));
    const { seconds } = this._status.snooze;
    this._snooze.hidden = !view.enabled && seconds === 0;
    this._snooze.textContent =
      seconds > 0
        ? trans.__('Resume (%1 left)', countdown(seconds))
        : trans.__('Pause for 10 minutes');
    this._start.textContent = view.startLabel;
    this._start.hidden = view.startLabel === '';
    // On a JupyterHub the runtime is that of the group.
    this._restart.hidden =
      !adapters?.may_switch || !['ready', 'busy'].includes(view.state);
    if (this._isFocusLost(focused)) {
      // Without the focus the popup would not receive Escape.
      this._toggle.focus();
    }
  }

  /** Buttons for commands; they close the popup. */
  private _createCommandButtons(
    commands: JupyterFrontEnd['commands'] | undefined
  ): HTMLButtonElement[] {
    return COMMANDS.filter(id => commands?.hasCommand(id)).map(id => {
      const button = Private.createButton('command', async () => {
        this.close();
        await commands!.execute(id);
      });
      button.dataset.command = id;
      button.textContent = commands!.label(id).replace(/^SafeCoder: /, '');
      return button;
    });
  }

  private _anchor: HTMLElement;
  private _figures: SessionFigures | undefined;
  private _lines = new Map<string, HTMLElement>();
  private _menus: ReadonlyArray<{ node: HTMLElement; render(): void }>;
  private _restart: HTMLButtonElement;
  private _snooze: HTMLButtonElement;
  private _start: HTMLButtonElement;
  private _status: ISafeCoderStatus;
  private _toggle: HTMLButtonElement;
  private _trans: TranslationBundle;
}

/**
 * A namespace for `StatusPopup` statics.
 */
export namespace StatusPopup {
  /** What the popup shows beside the status. */
  export interface IServices {
    /** Has the commands of the buttons. */
    commands?: JupyterFrontEnd['commands'];

    /** The figures of this session. */
    figures?: SessionFigures;
  }
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
