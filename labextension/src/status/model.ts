import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { IErrorEvent, IRuntimeStatus, sentence } from '../protocol';
import { IStatusApi } from './api';
import { ISafeCoderStatus, IStatusView } from './tokens';
import { describeStatus } from './view';

/** Milliseconds between two polls while the runtime is on its way up. */
const BUSY_INTERVAL = 1_000;

/** Milliseconds between two polls otherwise. */
const CALM_INTERVAL = 20_000;

/** The longest pause between two polls while the server does not answer. */
const MAX_INTERVAL = 60_000;

/**
 * The state of SafeCoder: polled from the server, and told by completions.
 */
export class SafeCoderStatus implements ISafeCoderStatus, IDisposable {
  /**
   * @param options - How to ask and where to keep the switch.
   *
   * #### Notes
   * Completions are off until `load` says what the person wants, so that not
   * even the first keystroke is sent against their will.
   */
  constructor(options: SafeCoderStatus.IOptions) {
    this._api = options.api;
    this._save = options.save;
    this._poll = new Poll<void>({
      auto: false,
      name: 'jupyter-safecoder:status',
      factory: () => this._ask(this._api.status),
      frequency: { interval: CALM_INTERVAL, backoff: true, max: MAX_INTERVAL },
      standby: () => !this._enabled || document.hidden
    });
  }

  /** Emitted when the view changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with reason and remedy when a failure is first seen. */
  get failed(): ISignal<this, IStatusView> {
    return this._failed;
  }

  /** Whether completions are on. */
  get enabled(): boolean {
    return this._enabled;
  }

  /** Whether the model is disposed. */
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** What to show. */
  get view(): IStatusView {
    return describeStatus({
      enabled: this._enabled,
      notice: this._notice,
      place: this._place,
      runtime: this._runtime,
      unreachable: this._unreachable
    });
  }

  /**
   * Take the switch as it was saved.
   */
  load(enabled: boolean): void {
    if (enabled === this._enabled) {
      return;
    }
    this._enabled = enabled;
    this._notice = '';
    if (enabled) {
      void this._poll.start();
    } else {
      void this._poll.stop();
    }
    this._changed.emit();
  }

  /**
   * Turn completions on or off, and remember it.
   */
  async setEnabled(enabled: boolean): Promise<void> {
    this.load(enabled);
    await this._save(enabled);
  }

  /**
   * Start the runtime, or restart it after a failure.
   */
  async start(): Promise<void> {
    if (!this._enabled) {
      return;
    }
    await this._ask(this._api.start).catch(() => undefined);
    if (!this.isDisposed) {
      void this._poll.refresh();
    }
  }

  /** Ask the server now, for instance when the page is shown again. */
  refresh(): void {
    if (this._enabled) {
      void this._poll.refresh();
    }
  }

  /** A request was sent. */
  asked(): void {
    this._tell('', 0);
  }

  /** The request waits. */
  queued(place: number): void {
    this._tell(this._notice, place);
  }

  /** The request is over. */
  answered(error: IErrorEvent | null): void {
    this._tell(error ? sentence(error) : this._notice, 0);
    if (error || this._runtime?.state !== 'ready') {
      this.refresh();
    }
  }

  /** An explicit request has nothing to show. */
  nothing(reason: string): void {
    this._tell(`No suggestion here: ${reason}`, 0);
  }

  /** Dispose of the poll and of the signals. */
  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Ask the server; the rejection tells the poll to back off. */
  private async _ask(request: () => Promise<IRuntimeStatus>): Promise<void> {
    const before = this.view;
    try {
      this._runtime = await request();
      this._unreachable = '';
    } catch (error) {
      this._unreachable =
        error instanceof Error && !(error instanceof TypeError)
          ? error.message
          : 'The Jupyter server does not answer.';
      this._emitIfNew(before);
      throw error;
    }
    if (this.isDisposed) {
      return;
    }
    const interval = Private.isRising(this._runtime)
      ? BUSY_INTERVAL
      : CALM_INTERVAL;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
    this._emitIfNew(before);
    if (this.view.state === 'failed' && before.state !== 'failed') {
      this._failed.emit(this.view);
    }
  }

  private _tell(notice: string, place: number): void {
    const before = this.view;
    this._notice = notice;
    this._place = place;
    this._emitIfNew(before);
  }

  private _emitIfNew(before: IStatusView): void {
    if (JSON.stringify(before) !== JSON.stringify(this.view)) {
      this._changed.emit();
    }
  }

  private _api: IStatusApi;
  private _changed = new Signal<this, void>(this);
  private _enabled = false;
  private _failed = new Signal<this, IStatusView>(this);
  private _notice = '';
  private _place = 0;
  private _poll: Poll<void>;
  private _runtime: IRuntimeStatus | null = null;
  private _save: (enabled: boolean) => Promise<void>;
  private _unreachable = '';
}

/**
 * A namespace for `SafeCoderStatus` statics.
 */
export namespace SafeCoderStatus {
  /** What the model works with. */
  export interface IOptions {
    /** How to ask the server. */
    api: IStatusApi;

    /** Keeps the switch over a reload. */
    save: (enabled: boolean) => Promise<void>;
  }
}

namespace Private {
  const rising = ['starting', 'downloading', 'preparing', 'loading'];

  /** Whether the runtime is on its way up. */
  export function isRising(runtime: IRuntimeStatus): boolean {
    return rising.includes(runtime.state);
  }
}
