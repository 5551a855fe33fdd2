/**
 * The types of the protocol between the lab extension and the server.
 *
 * The protocol is defined by `jupyter_safecoder/protocol.schema.json`;
 * `protocol.spec.ts` validates what the lab extension sends against it.
 */

/** The version of the protocol. */
export const PROTOCOL_VERSION = 2;

/** Another cell of the notebook. */
export interface ICell {
  type: 'code' | 'markdown' | 'raw';
  source: string;

  /** The first text output of a code cell. */
  output?: string;
}

/** A name in the kernel: what it is, never its value. */
export interface IKernelName {
  name: string;
  type: string;
  shape?: number[];
  columns?: { name: string; dtype: string }[];
  keys?: string[];
  fields?: string[];
  signature?: string;
  doc?: string;
  members?: string[];
}

/** A part of another file; the path is relative to the document's folder. */
export interface IExcerpt {
  path: string;
  text: string;
}

/** How sure the model must be of what an automatic request gets. */
export type Suggestions = 'few' | 'balanced' | 'many';

/**
 * What caused a request: a keystroke, or the user asked for it. In advance, and
 * only while the engine has nothing else to do: what comes after a suggestion,
 * or the computation of the prompt without a text.
 */
export type Trigger = 'automatic' | 'explicit' | 'prefetch' | 'warm';

/** The options that we send with a request. */
export interface ICompletionOptions {
  trigger: Trigger;

  /** How many other completions are wanted, instead of the most probable. */
  alternatives?: number;

  /** The user's choice; without one the server's applies. */
  suggestions?: Suggestions;

  /** Whether `done` is to have what the model was sent. */
  inspect?: boolean;
}

/** The body of `POST completions`. */
export interface ICompletionRequest {
  version: typeof PROTOCOL_VERSION;
  document: string;
  path: string;
  language: string;
  before: ICell[];
  below?: ICell[];
  kernel?: IKernelName[];
  modules?: IExcerpt[];
  files?: IExcerpt[];
  prefix: string;
  suffix: string;
  options: ICompletionOptions;
}

/** The request waits in the queue; the request at `position` 1 is the next. */
export interface IQueuedEvent {
  event: 'queued';
  position: number;
}

/**
 * The whole text to insert so far. The first event of a response also has the
 * number of tokens of the prompt.
 */
export interface ITextEvent {
  event: 'text';
  text: string;
  tokens: number;
  prompt_tokens?: number;

  /**
   * All that the model has written, if a part of it is held back because the
   * model may be too unsure of it.
   */
  unconfirmed?: string;
}

/** Why generation stopped. */
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
  | 'excluded'
  | 'secret'
  | 'attribution'
  | 'low_confidence'
  | 'invisible'
  | 'command';

/** What a section of a prompt was made of. */
export type PromptSource =
  'cells' | 'below' | 'kernel' | 'modules' | 'files' | 'prefix' | 'suffix';

/** A part of a prompt, as the model got it. */
export interface IPromptSection {
  source: PromptSource;
  text: string;
  tokens: number;

  /** The number of characters of the request that did not fit. */
  cut: number;

  /** The number of cells, names or excerpts that did not fit. */
  left_out: number;
}

/** A prompt in the order in which the model got it, and what it took. */
export interface IInspection {
  sections: IPromptSection[];

  /** What the model wrote, before stop rules and filters. */
  raw_text: string;
  queue_ms: number;
  prompt_ms: number;
}

/** A part of a completion that is in an index of code. */
export interface IAttribution {
  /** The package or corpus. */
  source: string;

  /** The file in it. */
  path: string;

  /** An identifier of SPDX, or `NOASSERTION`. */
  license: string;

  /** Where the part starts, in characters: code points. */
  start: number;
  end: number;

  /** The same but for white space, or with other names and literals. */
  kind: 'verbatim' | 'structure';
}

/** The final text; it can be shorter than that of the last `text` event. */
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

  /** Absent if none were requested, and if the engine cannot compute them. */
  alternatives?: string[];
  raw_text?: string;
  first_line_logprob?: number;

  /** Absent if nothing of the text is known to be from elsewhere. */
  attribution?: IAttribution[];

  /** Only if it was asked for, and the administrator allows it. */
  inspection?: IInspection;
}

/** The body of `GET exclusion`. */
export interface IExclusion {
  /** Whether nothing is completed in the document. */
  excluded: boolean;

  /** One sentence: why; empty if it is not excluded. */
  reason: string;

  /** One sentence: what to do; may be empty. */
  remedy: string;
}

/** The codes of errors. */
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

/** The last event of a failed completion, and the body of an error response. */
export interface IErrorEvent {
  event: 'error';
  code: ErrorCode;
  message: string;
  remedy?: string;
  retry_after_s?: number;
}

/** One line of a streamed response. */
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

/** The model of the runtime. */
export interface IModelInfo {
  name: string;
  family: string;
  layouts: string[];
  default_layout: string;
  context_window: number;
  languages: string[];
  license: string;
}

/** A model of the catalogue; `command` gets it if it is not here. */
export interface IListedModel {
  name: string;
  purpose: string;
  license: string;

  /** Whether it is on the server's disk. */
  here: boolean;
  command: string;
}

/** The body of `GET models`. */
export interface IModels {
  models: IListedModel[];

  /** The name that was selected, or `auto`. */
  selected: string;

  /** Whether a model that is not here is downloaded when it is selected. */
  may_download: boolean;
}

/** An adapter of the served model. */
export interface IListedAdapter {
  name: string;

  /** Whether it is better than its base model, and why or why not. */
  accepted: boolean;
  reason: string;
}

/** The body of `GET adapters`. */
export interface IAdapters {
  adapters: IListedAdapter[];

  /** The name of the one in use; empty: none. */
  selected: string;

  /** Whether another one can be used. */
  may_switch: boolean;
}

/** What the catalogue knows of a model; what was not measured is `null`. */
export interface IModelFacts {
  name: string;
  purpose: string;
  parameters: number;
  license: string;
  exact_match: number | null;
  edit_similarity: number | null;
  tasks: number | null;
}

/** The body of `GET about`. */
export interface IAbout {
  model: IModelFacts | null;

  /** What computes. */
  destination: 'local' | 'hub' | 'remote';

  /** Its address; empty for a process of the server. */
  address: string;

  /** Whether the JupyterHub counts suggestions of each group. */
  counted: boolean;
}

/** A place that data could go to, and its state on the server's machine. */
export interface IPlace {
  id: string;

  /** What would send. */
  process: string;

  /** What it would send. */
  sends: string;

  /** Its address; empty: none. */
  to: string;

  /** The state, a sentence. */
  state: string;

  /** Whether nothing goes to another machine without a command. */
  safe: boolean;

  /** How to change it. */
  change: string;
}

/** A training job. */
export interface IJob {
  name: string;
  state: 'waiting' | 'starting' | 'running' | 'stopped' | 'failed' | 'done';
  phase: string;
  progress: number;
  eta_s: number | null;
  step: number;
  total_steps: number;
  reason: string;
}

/** What holds the process of the runtime to its network. */
export interface INetwork {
  /** Whether the system denies all network to it. */
  denied: boolean;

  /** Whether its Python code is held to the allowed addresses. */
  guarded: boolean;

  /** Addresses beside its own machine that it may connect to. */
  allowed: string[];

  /** Number of connections that were refused. */
  refused: number;
}

/** The body of `GET status`, `POST start` and `POST model`. */
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
  network: INetwork | null;
  counters: {
    requests: number;
    completed: number;
    cancelled: number;
    failed: number;
    background: number;
    prompt_tokens: number;
    completion_tokens: number;
  };
}

/** The message of an error and what to do about it, as users read it. */
export function errorText(error: IErrorEvent): string {
  return [error.message, error.remedy].filter(Boolean).join(' ');
}
