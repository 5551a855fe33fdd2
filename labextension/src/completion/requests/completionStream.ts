import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { FinishReason, ICompletionRequest, IErrorEvent } from '../../protocol';
import { CompletionTransport } from './transport';

/**
 * One request that was sent: its text so far and its outcome.
 *
 * It never throws; a failure is its `error`.
 */
export class CompletionStream {
  /**
   * Send the request.
   *
   * @param options - The request and how to send it.
   */
  constructor(options: CompletionStream.IOptions) {
    this._key = options.key;
    this._prefix = options.request.prefix;
    this.isPrefetch = options.request.options.trigger === 'prefetch';
    this.settled = this._run(options);
  }

  /** Everything that the completion depends on except the prefix. */
  get key(): string {
    return this._key;
  }

  /** The text before the place that is completed. */
  get prefix(): string {
    return this._prefix;
  }

  /** Whether it is sent in advance, for a suggestion that is not accepted yet. */
  readonly isPrefetch: boolean;

  /** Resolves once the text is final, the request failed or was aborted. */
  readonly settled: Promise<void>;

  /** Emitted when the text changes and when the request settles. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the request was aborted. */
  get isAborted(): boolean {
    return this._controller.signal.aborted;
  }

  /** Whether the text is final, the request failed or was aborted. */
  get isSettled(): boolean {
    return this._isSettled;
  }

  /** The failure, if the request failed. */
  get error(): IErrorEvent | null {
    return this._error;
  }

  /** Why generation stopped; `null` until the text is final. */
  get finishReason(): FinishReason | null {
    return this._finishReason;
  }

  /** Whether the same request might get a longer completion later. */
  get isPartial(): boolean {
    return ['deadline', 'superseded'].includes(this.finishReason ?? '');
  }

  /** Milliseconds to the first text, or until now if there is none. */
  get ttft(): number {
    return (this._firstTime ?? performance.now()) - this._startTime;
  }

  /** Whether the model has written anything yet. */
  get hasText(): boolean {
    return this._text !== '' || this._unconfirmed !== '';
  }

  /** The text to insert at the end of `prefix`, as far as it has arrived. */
  get text(): string {
    return this._text;
  }

  /**
   * Abort the request: the connection is closed and the engine cancels it.
   */
  abort(): void {
    this._controller.abort();
    this._settle();
  }

  /**
   * Go on for the same place in a text that another user has changed.
   *
   * @param key - The key of the place now.
   * @param prefix - The text before it now.
   */
  move(key: string, prefix: string): void {
    this._key = key;
    this._prefix = prefix;
  }

  /**
   * The text that remains to be inserted after the user has typed on.
   *
   * @param prefix - The text before the cursor now.
   * @returns An empty text while what was typed agrees with what is held back,
   * and `null` if it does not agree.
   */
  remainder(prefix: string): string | null {
    if (!prefix.startsWith(this.prefix)) {
      return null;
    }
    const typed = prefix.slice(this.prefix.length);
    if (this._text.startsWith(typed)) {
      return this._text.slice(typed.length);
    }
    return this._unconfirmed.startsWith(typed) ? '' : null;
  }

  private async _run(options: CompletionStream.IOptions): Promise<void> {
    const { request, transport, onQueued, trans } = options;
    try {
      const events = transport(request, this._controller.signal);
      for await (const event of events) {
        if (this._isSettled) {
          return;
        }
        if (event.event === 'queued') {
          onQueued?.(event.position);
        } else if (event.event === 'text') {
          this._setText(event.text, event.unconfirmed ?? '');
        } else if (event.event === 'done') {
          this._text = event.text;
          this._finishReason = event.finish_reason;
          return;
        } else if (event.event === 'error') {
          this._error = event;
          return;
        }
      }
      this._error = Private.connectionLost(trans);
    } catch {
      this._error = Private.connectionLost(trans);
    } finally {
      this._settle();
    }
  }

  private _setText(text: string, unconfirmed: string): void {
    this._firstTime ??= performance.now();
    if (text !== this._text || unconfirmed !== this._unconfirmed) {
      this._text = text;
      this._unconfirmed = unconfirmed;
      this._changed.emit();
    }
  }

  private _settle(): void {
    if (!this._isSettled) {
      this._isSettled = true;
      this._firstTime ??= performance.now();
      this._unconfirmed = '';
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _controller = new AbortController();
  private _error: IErrorEvent | null = null;
  private _finishReason: FinishReason | null = null;
  private _firstTime: number | null = null;
  private _isSettled = false;
  private _key: string;
  private _prefix: string;
  private _startTime = performance.now();
  private _text = '';
  private _unconfirmed = '';
}

/**
 * A namespace for `CompletionStream` statics.
 */
export namespace CompletionStream {
  /** The request and how to send it. */
  export interface IOptions {
    /** Everything that the completion depends on except the prefix. */
    key: string;

    /** Called with the position in the queue. */
    onQueued?: (position: number) => void;

    /** The request. */
    request: ICompletionRequest;

    /** Translates messages. */
    trans: TranslationBundle;

    /** Sends the request. */
    transport: CompletionTransport;
  }
}

namespace Private {
  /** The connection was closed before a `done` or `error` event. */
  export function connectionLost(trans: TranslationBundle): IErrorEvent {
    return {
      event: 'error',
      code: 'runtime_unavailable',
      message: trans.__('The connection to the server was lost.'),
      remedy: trans.__('The next keystroke sends a new request.')
    };
  }
}
