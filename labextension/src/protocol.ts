/**
 * The wire protocol: what the lab extension and the server say to each other.
 *
 * The single source of truth is `jupyter_safecoder/protocol.schema.json`;
 * `protocol.spec.ts` checks these types' users against it.
 */

/** The version of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 2;

/** A neighbour of the current cell. */
export interface ICell {
  type: 'code' | 'markdown' | 'raw';
  source: string;

  /** The first text output of a code cell. */
  output?: string;
}

/** The body of `POST completions`. */
export interface ICompletionRequest {
  version: typeof PROTOCOL_VERSION;
  document: string;
  path: string;
  language: string;
  before: ICell[];
  prefix: string;
  suffix: string;
}

/** The request is in the queue; `position` 1 is next. */
export interface IQueuedEvent {
  event: 'queued';
  position: number;
}

/** The whole text to insert so far; the first tells the prompt's length. */
export interface ITextEvent {
  event: 'text';
  text: string;
  tokens: number;
  prompt_tokens?: number;
}

/** Why an answer ended where it did. */
export type FinishReason =
  | 'end'
  | 'length'
  | 'lines'
  | 'line'
  | 'dedent'
  | 'repeat'
  | 'suffix'
  | 'deadline'
  | 'superseded'
  | 'blank'
  | 'duplicate'
  | 'empty_prompt'
  | 'excluded';

/** The final text: it may be shorter than the last `text` event's, or empty. */
export interface IDoneEvent {
  event: 'done';
  text: string;
  finish_reason: FinishReason;
  layout: string;
  model: string;
  prompt_tokens: number;
  completion_tokens: number;
  ttft_ms: number | null;
  total_ms: number;
  raw_text?: string;
}

/** The kinds of failure that the server names. */
export type ErrorCode =
  | 'bad_request'
  | 'too_large'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'queue_full'
  | 'not_ready'
  | 'runtime_unavailable'
  | 'engine_failed'
  | 'internal';

/** The last event of a completion that failed, and the body of a refusal. */
export interface IErrorEvent {
  event: 'error';
  code: ErrorCode;
  message: string;
  remedy?: string;
  retry_after_s?: number;
}

/** One line of a streamed answer. */
export type CompletionEvent =
  IQueuedEvent | ITextEvent | IDoneEvent | IErrorEvent;

/** The states of the runtime. */
export type RuntimeState =
  | 'off'
  | 'starting'
  | 'downloading'
  | 'preparing'
  | 'loading'
  | 'ready'
  | 'busy'
  | 'failed';

/** What the runtime says of its model. */
export interface IModelInfo {
  name: string;
  family: string;
  layouts: string[];
  default_layout: string;
  context_window: number;
  languages: string[];
  license: string;
}

/** The body of `GET status` and of `POST start`. */
export interface IRuntimeStatus {
  version: typeof PROTOCOL_VERSION;
  state: RuntimeState;
  reason: string;
  remedy: string;
  progress: number | null;
  queue: number;
  model: IModelInfo | null;
  engine: string | null;
  device: string | null;
  adapter: string | null;
  counters: {
    requests: number;
    completed: number;
    cancelled: number;
    failed: number;
    prompt_tokens: number;
    completion_tokens: number;
  };
}

/** The full sentence that a person is shown for a failure. */
export function sentence(error: IErrorEvent): string {
  return [error.message, error.remedy].filter(Boolean).join(' ');
}
