import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import {
  IAdapters,
  IErrorEvent,
  IExclusion,
  IModelInfo,
  IModels,
  IRuntimeStatus
} from '../protocol';
import { SuggestionModes } from './modes';
import { Snooze } from './snooze';

/** Receives the progress of the completion provider's requests. */
export interface ICompletionReporter {
  /** Whether completions are on; when they are off, no request is sent. */
  readonly enabled: boolean;

  /** A request was sent. */
  onSent(): void;

  /** The request waits at a position of the queue; 1 is the next. */
  onQueued(position: number): void;

  /** The request was completed, aborted, or failed with an error. */
  onSettled(error: IErrorEvent | null): void;

  /** An explicit request has no suggestion, for this reason. */
  onEmpty(reason: string): void;

  /** Why prompts have nothing of the project; empty if they have it. */
  onProject(error: string): void;
}

/** The state of SafeCoder, as users see it. */
export interface ISafeCoderStatus extends ICompletionReporter {
  /** Emitted when the view changes. */
  readonly changed: ISignal<ISafeCoderStatus, void>;

  /** The texts to show. */
  readonly view: IStatusView;

  /** Turn completions on or off, and save the setting. */
  setEnabled(enabled: boolean): Promise<void>;

  /** Start the runtime, or restart it after a failure. */
  start(): Promise<void>;

  /** Restart the runtime, also if it is ready. */
  restart(): Promise<void>;

  /** The model that is served; `null` if it is not known. */
  readonly model: IModelInfo | null;

  /** The engine and its device; empty if they are not known. */
  readonly engine: string;

  /** The models that can be served; `null` if they are not known. */
  readonly models: IModels | null;

  /** Whether another model is being loaded. */
  readonly isSwitching: boolean;

  /** Show that nothing is completed where the user is; `null`: it is. */
  setExclusion(exclusion: IExclusion | null): void;

  /** Request the models. */
  loadModels(): Promise<void>;

  /** Serve another model. */
  useModel(name: string): Promise<void>;

  /** The adapters of the served model; `null` if they are not known. */
  readonly adapters: IAdapters | null;

  /** Request the adapters. */
  loadAdapters(): Promise<void>;

  /** Serve the model with another adapter; empty: none. */
  useAdapter(name: string): Promise<void>;

  /** The user's choices when suggestions come. */
  readonly modes: SuggestionModes;

  /** A pause of completions. */
  readonly snooze: Snooze;
}

/** The texts that the status item and its popup show. */
export interface IStatusView {
  /** The runtime's state, or `off` when the user turned completions off. */
  state: IRuntimeStatus['state'] | 'unreachable';

  /** Whether completions are on. */
  enabled: boolean;

  /** The state in a few words. */
  label: string;

  /** One sentence: why. */
  reason: string;

  /** One sentence: what to do; may be empty. */
  remedy: string;

  /** The outcome of the last request, if the user should know it. */
  notice: string;

  /** The name of the model; empty if it is not known. */
  model: string;

  /** Other machines that the runtime may connect to; empty: none. */
  connectsTo: string;

  /** The label of the start button; empty if there is nothing to start. */
  startLabel: string;
}

/** The token of the status. */
export const ISafeCoderStatus = new Token<ISafeCoderStatus>(
  'jupyter-safecoder:ISafeCoderStatus',
  'The state of SafeCoder, and its on/off switch.'
);
