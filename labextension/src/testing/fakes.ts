import {
  CompletionHandler,
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import { Widget } from '@lumino/widgets';

import { InputKind } from '../completion/editor/lastInput';
import { SafeCoderProvider } from '../completion/provider';
import { ICellContext, ICompletionTarget } from '../completion/editor/target';
import {
  CompletionEvent,
  ICompletionRequest,
  IDoneEvent,
  IErrorEvent,
  IRuntimeStatus,
  ITextEvent
} from '../protocol';
import { SuggestionModes } from '../status/modes';
import { ICompletionReporter } from '../status/tokens';
import { ISuggestionEvent } from '../suggestions/tokens';
import { loadTranslations } from '../translation';

/** Strings in English. */
export const trans = loadTranslations(null);

/** An event with the text so far. */
export function textEvent(text: string, unconfirmed?: string): ITextEvent {
  return { event: 'text', text, tokens: 1, unconfirmed };
}

/** The last event of a completion. */
export function doneEvent(
  text: string,
  fields: Partial<IDoneEvent> = {}
): IDoneEvent {
  return {
    event: 'done',
    text,
    finish_reason: 'end',
    layout: 'spm',
    model: 'scripted',
    prompt_tokens: 3,
    completion_tokens: 2,
    ttft_ms: 12.5,
    total_ms: 20,
    ...fields
  };
}

/** The status of a runtime. */
export function runtimeStatus(
  fields: Partial<IRuntimeStatus> = {}
): IRuntimeStatus {
  return {
    version: 2,
    state: 'ready',
    reason: 'The model is ready.',
    remedy: '',
    progress: null,
    queue: 0,
    model: null,
    engine: 'scripted',
    device: 'CPU',
    adapter: null,
    network: null,
    counters: {
      requests: 0,
      completed: 0,
      cancelled: 0,
      failed: 0,
      background: 0,
      prompt_tokens: 0,
      completion_tokens: 0
    },
    ...fields
  };
}

/** The user's choices when suggestions come, and what was saved of them. */
export function createModes(): {
  modes: SuggestionModes;
  saved: unknown[][];
} {
  const saved: unknown[][] = [];
  const modes = new SuggestionModes({
    saveChoice: async (...choice) => void saved.push(choice),
    saveEverything: async mode => void saved.push(['everything', mode])
  });
  modes.setOn(true);
  return { modes, saved };
}

/** An event of a suggestion. */
export function suggestionEvent(
  fields: Partial<ISuggestionEvent> = {}
): ISuggestionEvent {
  return {
    event: 'shown',
    characters: 9,
    latency_ms: 80,
    document: 'notebook',
    language: 'python',
    model: 'smol',
    ...fields
  };
}

/** Let everything that waits for resolved promises run. */
export async function flushPromises(): Promise<void> {
  for (let round = 0; round < 40; round++) {
    await Promise.resolve();
  }
}

/** A streamed response whose events the test sends. */
export class FakeResponse {
  constructor(
    readonly request: ICompletionRequest,
    readonly signal: AbortSignal
  ) {
    signal.addEventListener('abort', () => this._wake());
  }

  async send(...events: CompletionEvent[]): Promise<void> {
    this._pending.push(...events);
    this._wake();
    await flushPromises();
  }

  /** Close the connection before the last event. */
  async disconnect(): Promise<void> {
    this._isDisconnected = true;
    this._wake();
    await flushPromises();
  }

  async *events(): AsyncGenerator<CompletionEvent> {
    for (;;) {
      const event = this._pending.shift();
      if (this.signal.aborted || (!event && this._isDisconnected)) {
        throw new TypeError('network');
      }
      if (event) {
        yield event;
      } else {
        await new Promise<void>(resolve => (this._wake = resolve));
      }
    }
  }

  private _isDisconnected = false;
  private _pending: CompletionEvent[] = [];
  private _wake: () => void = () => undefined;
}

/** A provider with a fake editor, a fake server and a recording reporter. */
export class ProviderHarness {
  /** The text of the cell before and after the cursor. */
  before = '';
  after = '';

  cell = 'cell-1';
  inputKind: InputKind = 'type';
  context: ICellContext = {
    before: [],
    below: [],
    modules: [],
    files: [],
    fingerprint: '0'
  };
  isEnabled = true;
  isInEditor = true;

  /** Whether another user has changed the text last. */
  isChangedRemotely = false;

  /** How often a suggestion was dismissed. */
  dismissed = 0;

  /** Whether the text that Lab shares has other line ends than the editor. */
  isMisaligned = false;
  canAlign = true;

  readonly responses: FakeResponse[] = [];

  /** Responses to requests in advance. */
  readonly background: FakeResponse[] = [];

  /** What was reported, in order. */
  readonly settledErrors: Array<IErrorEvent | null> = [];
  readonly emptyReasons: string[] = [];
  readonly queuePositions: number[] = [];

  readonly provider = new SafeCoderProvider({
    findTarget: () => (this.isInEditor ? this._target() : null),
    inputKind: () => this.inputKind,
    reporter: this._reporter(),
    trans,
    transport: (request, signal) => {
      const response = new FakeResponse(request, signal);
      const { trigger } = request.options;
      const isBackground = trigger === 'prefetch' || trigger === 'warm';
      (isBackground ? this.background : this.responses).push(response);
      return response.events();
    }
  });

  get lastResponse(): FakeResponse {
    return this.responses[this.responses.length - 1];
  }

  /** The request that Lab makes for the editor's text. */
  request(): CompletionHandler.IRequest {
    const shared = this.before + this.after;
    const text = this.isMisaligned ? shared.replace(/\n/g, '\r\n') : shared;
    return {
      text,
      offset: Text.jsIndexToCharIndex(this.before.length, text)
    };
  }

  /** Type a text; Lab then calls `fetch`. */
  type(text: string): FetchResult {
    this.before += text;
    return this.fetch(InlineCompletionTriggerKind.Automatic);
  }

  /** Request a suggestion explicitly. */
  invoke(): FetchResult {
    return this.fetch(InlineCompletionTriggerKind.Invoke);
  }

  fetch(triggerKind: InlineCompletionTriggerKind): FetchResult {
    const context = {
      triggerKind,
      widget: null as unknown as Widget
    } as IInlineCompletionContext;
    return new FetchResult(this.provider.fetch(this.request(), context));
  }

  private _target(): ICompletionTarget {
    return {
      document: 'doc',
      kind: 'notebook',
      path: 'work.ipynb',
      cell: this.cell,
      language: 'python',
      context: () => this.context,
      alignLineEnds: () => this._alignLineEnds(),
      dismiss: () => void this.dismissed++,
      isChangedRemotely: () => this.isChangedRemotely,
      readCursor: () =>
        this.isInEditor
          ? { text: this.before + this.after, cursor: this.before.length }
          : null
    };
  }

  private _alignLineEnds(): boolean {
    const isAligned = this.isMisaligned && this.canAlign;
    this.isMisaligned &&= !isAligned;
    return isAligned;
  }

  private _reporter(): ICompletionReporter {
    const isEnabled = (): boolean => this.isEnabled;
    return {
      get enabled() {
        return isEnabled();
      },
      onSent: () => undefined,
      onQueued: position => void this.queuePositions.push(position),
      onSettled: error => void this.settledErrors.push(error),
      onEmpty: reason => void this.emptyReasons.push(reason),
      onProject: () => undefined
    };
  }
}

/** The outcome of a call of `fetch`. */
export class FetchResult {
  constructor(promise: ReturnType<SafeCoderProvider['fetch']>) {
    promise.then(
      list => {
        this.text = list.items[0]?.insertText ?? null;
        this.token = list.items[0]?.token;
        this.error = list.items[0]?.error?.message;
        this.state = 'shown';
      },
      () => {
        this.state = 'rejected';
      }
    );
  }

  state: 'pending' | 'shown' | 'rejected' = 'pending';
  text: string | null = null;
  token: string | undefined;
  error: string | undefined;
}

/** Consumes the provider's stream, as Lab does. */
export class StreamConsumer {
  constructor(provider: SafeCoderProvider, token: string) {
    void this._consume(provider, token);
  }

  readonly texts: string[] = [];
  isFinished = false;
  hasThrown = false;

  private async _consume(
    provider: SafeCoderProvider,
    token: string
  ): Promise<void> {
    try {
      for await (const { response } of provider.stream(token)) {
        this.texts.push(response.insertText);
      }
    } catch {
      this.hasThrown = true;
    }
    this.isFinished = true;
  }
}
