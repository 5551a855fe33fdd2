import {
  CompletionHandler,
  IInlineCompletionContext
} from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import { Widget } from '@lumino/widgets';

import { SafeCoderProvider } from '../completion/provider';
import { ISurroundings } from '../completion/site';
import {
  CompletionEvent,
  ICompletionRequest,
  IDoneEvent,
  IErrorEvent,
  IRuntimeStatus
} from '../protocol';
import { ICompletionReporter } from '../status/tokens';

/** The last event of an answer. */
export function done(text: string, more: Partial<IDoneEvent> = {}): IDoneEvent {
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
    ...more
  };
}

/** A runtime's status. */
export function runtime(more: Partial<IRuntimeStatus> = {}): IRuntimeStatus {
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
    counters: {
      requests: 0,
      completed: 0,
      cancelled: 0,
      failed: 0,
      prompt_tokens: 0,
      completion_tokens: 0
    },
    ...more
  };
}

/** Let everything that is already resolved run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    await Promise.resolve();
  }
}

/** A server whose answers the test gives by hand. */
export class Call {
  constructor(
    readonly request: ICompletionRequest,
    readonly signal: AbortSignal
  ) {
    signal.addEventListener('abort', () => this._wake());
  }

  async send(...events: CompletionEvent[]): Promise<void> {
    this._waiting.push(...events);
    this._wake();
    await settle();
  }

  async drop(): Promise<void> {
    this._isDropped = true;
    this._wake();
    await settle();
  }

  async *events(): AsyncGenerator<CompletionEvent> {
    for (;;) {
      const event = this._waiting.shift();
      if (this.signal.aborted || (!event && this._isDropped)) {
        throw new TypeError('network');
      }
      if (event) {
        yield event;
      } else {
        await new Promise<void>(resolve => (this._wake = resolve));
      }
    }
  }

  private _isDropped = false;
  private _waiting: CompletionEvent[] = [];
  private _wake: () => void = () => undefined;
}

/** A person at a cell, with our provider. */
export class Desk {
  before = '';
  after = '';
  isHere = true;
  enabled = true;
  dismissed = 0;
  cell = 'cell-1';
  around: ISurroundings = { before: [], fingerprint: '0' };
  readonly calls: Call[] = [];
  readonly answers: Array<IErrorEvent | null> = [];
  readonly nothings: string[] = [];
  readonly places: number[] = [];

  readonly provider = new SafeCoderProvider({
    findSite: () =>
      this.isHere
        ? {
            document: 'doc',
            path: 'work.ipynb',
            cell: this.cell,
            language: 'python',
            surroundings: () => this.around,
            dismiss: () => void this.dismissed++,
            read: () =>
              this.isHere
                ? {
                    text: this.before + this.after,
                    cursor: this.before.length
                  }
                : null
          }
        : null,
    reporter: this._reporter(),
    transport: (request, signal) => {
      const call = new Call(request, signal);
      this.calls.push(call);
      return call.events();
    }
  });

  private _reporter(): ICompletionReporter {
    const isEnabled = (): boolean => this.enabled;
    return {
      get enabled() {
        return isEnabled();
      },
      asked: () => undefined,
      queued: place => void this.places.push(place),
      answered: error => void this.answers.push(error),
      nothing: reason => void this.nothings.push(reason)
    };
  }

  get last(): Call {
    return this.calls[this.calls.length - 1];
  }

  request(): CompletionHandler.IRequest {
    const text = this.before + this.after;
    return {
      text,
      offset: Text.jsIndexToCharIndex(this.before.length, text),
      mimeType: 'text/x-ipython'
    };
  }

  /** Type; the result is the text shown, or the reason of the rejection. */
  type(text: string): Ask {
    this.before += text;
    return this.ask(1);
  }

  invoke(): Ask {
    return this.ask(0);
  }

  ask(triggerKind: number): Ask {
    const context = {
      triggerKind,
      widget: null as unknown as Widget
    } as IInlineCompletionContext;
    return new Ask(this.provider.fetch(this.request(), context));
  }
}

/** One call of `fetch`, and what became of it. */
export class Ask {
  constructor(promise: ReturnType<SafeCoderProvider['fetch']>) {
    promise.then(
      list => {
        this.text = list.items[0]?.insertText ?? null;
        this.token = list.items[0]?.token;
        this.error = list.items[0]?.error?.message;
        this.state = 'shown';
      },
      reason => {
        this.state = 'rejected';
        this.reason = (reason as Error).message;
      }
    );
  }

  state: 'pending' | 'shown' | 'rejected' = 'pending';
  text: string | null = null;
  token: string | undefined;
  error: string | undefined;
  reason = '';
}

/** Listens to a stream as Lab does. */
export class Listener {
  constructor(provider: SafeCoderProvider, token: string) {
    void this._run(provider, token);
  }
  readonly texts: string[] = [];
  isEnded = false;
  threw = false;

  private async _run(provider: SafeCoderProvider, token: string) {
    try {
      for await (const { response } of provider.stream(token)) {
        this.texts.push(response.insertText);
      }
    } catch {
      this.threw = true;
    }
    this.isEnded = true;
  }
}
