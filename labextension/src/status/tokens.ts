import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { IErrorEvent, IRuntimeStatus } from '../protocol';

/** What the completion provider tells of its requests. */
export interface ICompletionReporter {
  /** Whether the person wants completions; when not, nothing is sent. */
  readonly enabled: boolean;

  /** A request was sent. */
  asked(): void;

  /** The request waits at this place; 1 is next. */
  queued(place: number): void;

  /** The request is over, with an error or without. */
  answered(error: IErrorEvent | null): void;

  /** An explicit request has nothing to show, because of this. */
  nothing(reason: string): void;
}

/** The state of SafeCoder, as a person sees it. */
export interface ISafeCoderStatus extends ICompletionReporter {
  /** Emitted when anything below changes. */
  readonly changed: ISignal<ISafeCoderStatus, void>;

  /** What to show. */
  readonly view: IStatusView;

  /** Turn completions on or off, for good. */
  setEnabled(enabled: boolean): Promise<void>;

  /** Start the runtime, or restart it after a failure. */
  start(): Promise<void>;
}

/** Everything that the status item and its popup show. */
export interface IStatusView {
  /** The runtime's state, or `off` when the person turned completions off. */
  state: IRuntimeStatus['state'] | 'unreachable';

  /** Whether completions are on. */
  enabled: boolean;

  /** A few words. */
  label: string;

  /** One sentence: why. */
  reason: string;

  /** One sentence: what to do; may be empty. */
  remedy: string;

  /** What came of the last request, where that needs saying. */
  notice: string;

  /** The model's name, if one is known. */
  model: string;

  /** Whether a start or a restart would help. */
  startLabel: '' | 'Start' | 'Restart';
}

/** The token of the status. */
export const ISafeCoderStatus = new Token<ISafeCoderStatus>(
  'jupyter-safecoder:ISafeCoderStatus',
  'The state of SafeCoder, and its on/off switch.'
);
