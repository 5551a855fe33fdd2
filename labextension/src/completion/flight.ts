import { ISignal, Signal } from '@lumino/signaling';

import { FinishReason, ICompletionRequest, IErrorEvent } from '../protocol';
import { CompletionTransport } from './transport';

/**
 * One request on its way: the text so far, and how it ended.
 *
 * Never throws; a failure is its `error`.
 */
export class Flight {
  /**
   * Send the request.
   */
  constructor(options: Flight.IOptions) {
    this.key = options.key;
    this.prefix = options.request.prefix;
    this.ended = this._run(options);
  }

  /** What the answer depends on apart from the prefix. */
  readonly key: string;

  /** The prefix that was asked about. */
  readonly prefix: string;

  /** Resolves when nothing more will come. */
  readonly ended: Promise<void>;

  /** Emitted when the text grows or shrinks, and at the end. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the request was given up. */
  get isAborted(): boolean {
    return this._controller.signal.aborted;
  }

  /** Whether nothing more will come. */
  get isEnded(): boolean {
    return this._isEnded;
  }

  /** The failure, if there was one. */
  get error(): IErrorEvent | null {
    return this._error;
  }

  /** Why the answer ended, once it ended well. */
  get finishReason(): FinishReason | null {
    return this._finishReason;
  }

  /** The whole text to insert at the end of `prefix`, so far. */
  get text(): string {
    return this._text;
  }

  /**
   * Give up: the connection is closed and the engine cancels.
   */
  abort(): void {
    this._controller.abort();
    this._end();
  }

  /**
   * What is left to insert after the person has typed on.
   *
   * @param prefix - The text before the cursor now.
   * @returns `null` if the answer does not fit what was typed.
   */
  rest(prefix: string): string | null {
    if (!prefix.startsWith(this.prefix)) {
      return null;
    }
    const typed = prefix.slice(this.prefix.length);
    return this._text.startsWith(typed) ? this._text.slice(typed.length) : null;
  }

  private async _run(options: Flight.IOptions): Promise<void> {
    const { request, transport, onQueued } = options;
    try {
      const events = transport(request, this._controller.signal);
      for await (const event of events) {
        if (this._isEnded) {
          return;
        }
        if (event.event === 'queued') {
          onQueued?.(event.position);
        } else if (event.event === 'text') {
          this._setText(event.text);
        } else if (event.event === 'done') {
          this._text = event.text;
          this._finishReason = event.finish_reason;
          return;
        } else if (event.event === 'error') {
          this._error = event;
          return;
        }
      }
      this._error = Private.lost;
    } catch {
      this._error = Private.lost;
    } finally {
      this._end();
    }
  }

  private _setText(text: string): void {
    if (text !== this._text) {
      this._text = text;
      this._changed.emit();
    }
  }

  private _end(): void {
    if (!this._isEnded) {
      this._isEnded = true;
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _controller = new AbortController();
  private _error: IErrorEvent | null = null;
  private _finishReason: FinishReason | null = null;
  private _isEnded = false;
  private _text = '';
}

/**
 * A namespace for `Flight` statics.
 */
export namespace Flight {
  /** What a flight needs. */
  export interface IOptions {
    /** What the answer depends on apart from the prefix. */
    key: string;

    /** Called with the place in the queue. */
    onQueued?: (place: number) => void;

    /** The request. */
    request: ICompletionRequest;

    /** How to send it. */
    transport: CompletionTransport;
  }
}

namespace Private {
  /** The connection ended without a last word. */
  export const lost: IErrorEvent = {
    event: 'error',
    code: 'runtime_unavailable',
    message: 'The connection to the server was lost.',
    remedy: 'The next keystroke tries again.'
  };
}
