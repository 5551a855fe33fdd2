import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import {
  IAdapters,
  IErrorEvent,
  IExclusion,
  IModelInfo,
  IModels,
  IRuntimeStatus,
  errorText
} from '../protocol';
import { IStatusApi } from './api';
import { SuggestionModes } from './modes';
import { Snooze } from './snooze';
import { ISafeCoderStatus, IStatusView } from './tokens';
import { describeStatus } from './view';

/** Milliseconds between two polls while the runtime is starting. */
const STARTING_INTERVAL = 1_000;

/** Milliseconds between two polls otherwise. */
const IDLE_INTERVAL = 20_000;

/** Maximum time in ms between two polls while the server does not respond. */
const MAX_INTERVAL = 60_000;

/** Milliseconds after which a request of ours is shown. */
export const THINKING_MS = 300;

/**
 * The state of SafeCoder: polled from the server, updated by completions.
 */
export class SafeCoderStatus implements ISafeCoderStatus, IDisposable {
  /**
   * @param options - How to poll the server and to save the switch.
   *
   * #### Notes
   * Completions are off until `applySetting` has the user's choice. So not even
   * the first keystroke is sent if the user turned completions off.
   */
  constructor(options: SafeCoderStatus.IOptions) {
    this._api = options.api;
    this._save = options.save;
    this._trans = options.trans;
    this.modes = options.modes;
    this.modes.changed.connect(() => this._changed.emit());
    this.snooze.changed.connect(() => this._changed.emit());
    this._poll = new Poll<void>({
      auto: false,
      name: 'jupyter-safecoder:status',
      factory: () => this._request(this._api.status),
      frequency: { interval: IDLE_INTERVAL, backoff: true, max: MAX_INTERVAL },
      standby: () => !this._enabled || document.hidden
    });
  }

  /** Emitted when the view changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with the view when the state becomes `failed`. */
  get failed(): ISignal<this, IStatusView> {
    return this._failed;
  }

  /** Whether completions are on. */
  get enabled(): boolean {
    return this._enabled && this.snooze.seconds === 0;
  }

  /** The user's choices when suggestions come. */
  readonly modes: SuggestionModes;

  /** A pause of completions. */
  readonly snooze = new Snooze();

  /** The adapters of the served model; `null` if they are not known. */
  get adapters(): IAdapters | null {
    return this._adapters;
  }

  /** The model that is served; `null` if it is not known. */
  get model(): IModelInfo | null {
    return this._runtime?.model ?? null;
  }

  /** The engine and its device; empty if they are not known. */
  get engine(): string {
    const { device, engine } = this._runtime ?? {};
    return [engine, device].filter(Boolean).join(', ');
  }

  /** Whether the model is disposed. */
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** The models that can be served; `null` if they are not known. */
  get models(): IModels | null {
    return this._models;
  }

  /** Whether another model is being loaded. */
  get isSwitching(): boolean {
    return this._isSwitching;
  }

  /** The texts to show. */
  get view(): IStatusView {
    return describeStatus(
      {
        enabled: this.enabled,
        exclusion: this._exclusion,
        isThinking: this._isThinking,
        mode: this.modes.current,
        notice: this._notice || this._projectNotice,
        queuePosition: this._queuePosition,
        runtime: this._runtime,
        snoozed: this._enabled ? this.snooze.seconds : 0,
        unreachable: this._unreachable
      },
      this._trans
    );
  }

  /**
   * Apply the saved setting: turn completions on or off.
   */
  applySetting(enabled: boolean): void {
    if (enabled === this._enabled) {
      return;
    }
    this._enabled = enabled;
    this.modes.setOn(enabled);
    this._notice = '';
    if (enabled) {
      void this._poll.start();
    } else {
      void this._poll.stop();
    }
    this._changed.emit();
  }

  /**
   * Turn completions on or off, and save the setting.
   */
  async setEnabled(enabled: boolean): Promise<void> {
    this.snooze.end();
    this.applySetting(enabled);
    await this._save(enabled);
  }

  /**
   * Start the runtime, or restart it after a failure.
   */
  async start(): Promise<void> {
    if (!this._enabled) {
      return;
    }
    await this._request(this._api.start).catch(() => undefined);
    this.refresh();
  }

  /**
   * Restart the runtime, also if it is ready.
   */
  async restart(): Promise<void> {
    await this._request(this._api.restart).catch(() => undefined);
    this.refresh();
  }

  /**
   * Request the models. They stay unknown where the server has none to choose
   * from: on a JupyterHub with a service, the administrator chooses.
   */
  async loadModels(): Promise<void> {
    this._models = await this._api.models().catch(() => null);
    this._changed.emit();
  }

  /**
   * Serve another model. Completions continue with the present one meanwhile.
   */
  async useModel(name: string): Promise<void> {
    await this._switch(() => this._api.useModel(name));
    await this.loadModels();
    await this.loadAdapters();
  }

  /**
   * Request the adapters. They stay unknown where the server does not list
   * them.
   */
  async loadAdapters(): Promise<void> {
    this._adapters = await this._api.adapters().catch(() => null);
    this._changed.emit();
  }

  /**
   * Serve the model with another adapter, or with none.
   */
  async useAdapter(name: string): Promise<void> {
    await this._switch(() => this._api.useAdapter(name));
    await this.loadAdapters();
  }

  /** Change what is served, and show the progress meanwhile. */
  private async _switch(use: () => Promise<IRuntimeStatus>): Promise<void> {
    this._isSwitching = true;
    this._notice = '';
    this._setInterval(STARTING_INTERVAL);
    this._changed.emit();
    try {
      const used = use();
      this.refresh();
      this._runtime = await used;
    } catch (error) {
      this._notice = (error as Error).message;
    } finally {
      this._isSwitching = false;
    }
    this.refresh();
  }

  /** Show that nothing is completed where the user is; `null`: it is. */
  setExclusion(exclusion: IExclusion | null): void {
    const before = this.view;
    this._exclusion = exclusion;
    this._emitIfChanged(before);
  }

  /** Poll the server now, for instance when the page becomes visible. */
  refresh(): void {
    if (this._enabled && !this.isDisposed) {
      void this._poll.refresh();
    }
  }

  /** A request was sent. */
  onSent(): void {
    this._update('', 0);
    clearTimeout(this._thinkingTimer);
    this._thinkingTimer = setTimeout(() => this._think(true), THINKING_MS);
  }

  /** The request waits in the queue. */
  onQueued(position: number): void {
    this._update(this._notice, position);
  }

  /** The request was completed, aborted, or failed with an error. */
  onSettled(error: IErrorEvent | null): void {
    clearTimeout(this._thinkingTimer);
    this._think(false);
    this._update(error ? errorText(error) : this._notice, 0);
    if (error || this._runtime?.state !== 'ready') {
      this.refresh();
    }
  }

  /** An explicit request has no suggestion. */
  onEmpty(reason: string): void {
    this._update(this._trans.__('No completion: %1', reason), 0);
  }

  /** The project of a notebook was requested. */
  onProject(error: string): void {
    const before = this.view;
    this._projectNotice = error
      ? this._trans.__('Without modules and other files: %1', error)
      : '';
    this._emitIfChanged(before);
  }

  /** Stop polling and disconnect all listeners. */
  dispose(): void {
    clearTimeout(this._thinkingTimer);
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Send a status request; when it rejects, the poll backs off. */
  private async _request(send: () => Promise<IRuntimeStatus>): Promise<void> {
    const before = this.view;
    try {
      this._runtime = await send();
      this._unreachable = '';
    } catch (error) {
      this._unreachable =
        error instanceof Error && !(error instanceof TypeError)
          ? error.message
          : this._trans.__('The Jupyter server does not respond.');
      this._emitIfChanged(before);
      throw error;
    }
    const isLoading = this._isSwitching || Private.isStarting(this._runtime);
    this._setInterval(isLoading ? STARTING_INTERVAL : IDLE_INTERVAL);
    this._emitIfChanged(before);
    if (this.view.state === 'failed' && before.state !== 'failed') {
      this._failed.emit(this.view);
    }
  }

  /** Set the milliseconds between two polls. */
  private _setInterval(interval: number): void {
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
  }

  private _update(notice: string, queuePosition: number): void {
    const before = this.view;
    this._notice = notice;
    this._queuePosition = queuePosition;
    this._emitIfChanged(before);
  }

  private _think(isThinking: boolean): void {
    if (isThinking === this._isThinking) {
      return;
    }
    const before = this.view;
    this._isThinking = isThinking;
    this._emitIfChanged(before);
  }

  private _emitIfChanged(before: IStatusView): void {
    if (JSON.stringify(before) !== JSON.stringify(this.view)) {
      this._changed.emit();
    }
  }

  private _adapters: IAdapters | null = null;
  private _api: IStatusApi;
  private _changed = new Signal<this, void>(this);
  private _enabled = false;
  private _exclusion: IExclusion | null = null;
  private _failed = new Signal<this, IStatusView>(this);
  private _isSwitching = false;
  private _isThinking = false;
  private _models: IModels | null = null;
  private _notice = '';
  private _poll: Poll<void>;
  private _projectNotice = '';
  private _queuePosition = 0;
  private _runtime: IRuntimeStatus | null = null;
  private _save: (enabled: boolean) => Promise<void>;
  private _thinkingTimer: ReturnType<typeof setTimeout> | undefined;
  private _trans: TranslationBundle;
  private _unreachable = '';
}

/**
 * A namespace for `SafeCoderStatus` statics.
 */
export namespace SafeCoderStatus {
  /** What the model works with. */
  export interface IOptions {
    /** Sends the status requests. */
    api: IStatusApi;

    /** The user's choices when suggestions come. */
    modes: SuggestionModes;

    /** Saves whether completions are on. */
    save: (enabled: boolean) => Promise<void>;

    /** Translates the texts. */
    trans: TranslationBundle;
  }
}

namespace Private {
  const startingStates = ['starting', 'downloading', 'preparing', 'loading'];

  /** Whether the runtime is starting but not ready yet. */
  export function isStarting(runtime: IRuntimeStatus): boolean {
    return startingStates.includes(runtime.state);
  }
}
