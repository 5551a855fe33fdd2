import { ISignal, Signal } from '@lumino/signaling';

import { CompletionTransport } from '../completion/requests/transport';
import {
  CompletionEvent,
  ICompletionRequest,
  IDoneEvent,
  IErrorEvent
} from '../protocol';
import { IRequestRecorder } from './tokens';

/** A request, and what came of it; times in ms. */
export interface IRequestRecord {
  /** What was sent. */
  request: ICompletionRequest;

  /** The number of cells above the current one; `null` if there are none. */
  cellsAbove: number | null;

  /** From the last key to the sending; `null` if no key caused the request. */
  delay: number | null;

  /** From the sending to the first text; `null` until it has come. */
  firstText: number | null;

  /** From the sending to the end; `null` while the request runs. */
  total: number | null;

  /** Whether it was cancelled: something else was typed, or the user left. */
  isCancelled: boolean;

  /** The last text that came, which is shown if nothing is typed. */
  text: string;

  /** The last event of a completion. */
  done: IDoneEvent | null;

  /** The last event of a failure. */
  error: IErrorEvent | null;
}

/**
 * Remembers the last request of this page, in memory.
 *
 * Only while requests are inspected does the server send what the model got.
 */
export class RequestRecorder implements IRequestRecorder {
  /**
   * @param options - What the recorder works with.
   */
  constructor(options: RequestRecorder.IOptions) {
    this._options = options;
  }

  /** Whether requests ask for what the model gets. */
  isInspecting = false;

  /** Emitted when a request is sent or has ended. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The last request; `null` before the first. */
  get last(): IRequestRecord | null {
    return this._last;
  }

  /** Whether the last request is being sent again. */
  get isRepeating(): boolean {
    return this._isRepeating;
  }

  /**
   * Record the requests that a transport sends, but for those in advance.
   */
  wrap(transport: CompletionTransport): CompletionTransport {
    this._transport = transport;
    return (request, signal) => {
      if (['prefetch', 'warm'].includes(request.options.trigger)) {
        return transport(request, signal);
      }
      const sent = this.isInspecting ? Private.inspected(request) : request;
      const events = transport(sent, signal);
      return this._record(sent, events, signal, this._delay());
    };
  }

  /**
   * Remember the time of a key, of which the next request is the consequence.
   */
  handleEvent(event: Event): void {
    this._keyTime = event.timeStamp;
  }

  /**
   * Send the last request again, to see what the model gets.
   *
   * #### Notes
   * The name of its document differs, so that it replaces no other request.
   */
  async repeat(): Promise<void> {
    if (!this._last || !this._transport || this._isRepeating) {
      return;
    }
    this._isRepeating = true;
    const before = this._last;
    const request = Private.inspected(before.request);
    const document = `${request.document}-inspected`.slice(-1024);
    const repeated = { ...request, document };
    const { signal } = new AbortController();
    const events = this._transport(repeated, signal);
    const record = this._record(repeated, events, signal, null, before);
    try {
      for await (const event of record) {
        void event;
      }
    } catch {
      // The record shows that the connection was lost.
    } finally {
      this._isRepeating = false;
      this._changed.emit();
    }
  }

  private async *_record(
    request: ICompletionRequest,
    events: AsyncIterable<CompletionEvent>,
    signal: AbortSignal,
    delay: number | null,
    repeated?: IRequestRecord
  ): AsyncGenerator<CompletionEvent> {
    const { now, cellsAbove } = this._options;
    const record: IRequestRecord = (this._last = {
      request,
      cellsAbove: repeated ? repeated.cellsAbove : cellsAbove(),
      delay: repeated ? repeated.delay : delay,
      firstText: null,
      total: null,
      isCancelled: false,
      text: '',
      done: null,
      error: null
    });
    const sent = now();
    this._changed.emit();
    try {
      for await (const event of events) {
        if (event.event === 'text' || event.event === 'done') {
          record.firstText ??= now() - sent;
          record.text = event.text;
        }
        if (event.event === 'done') {
          record.done = event;
        } else if (event.event === 'error') {
          record.error = event;
        }
        yield event;
      }
    } finally {
      record.total = now() - sent;
      record.isCancelled = signal.aborted;
      this._changed.emit();
    }
  }

  /** The time since the last key, which causes one request at most. */
  private _delay(): number | null {
    const time = this._keyTime;
    this._keyTime = null;
    return time === null ? null : this._options.now() - time;
  }

  private _changed = new Signal<this, void>(this);
  private _isRepeating = false;
  private _keyTime: number | null = null;
  private _last: IRequestRecord | null = null;
  private _options: RequestRecorder.IOptions;
  private _transport: CompletionTransport | null = null;
}

/**
 * A namespace for `RequestRecorder` statics.
 */
export namespace RequestRecorder {
  /** What a recorder works with. */
  export interface IOptions {
    /** Counts the cells above the current one; `null` outside of notebooks. */
    cellsAbove: () => number | null;

    /** The time in ms, on the clock of events. */
    now: () => number;
  }
}

namespace Private {
  /** The same request, whose answer has what the model got. */
  export function inspected(request: ICompletionRequest): ICompletionRequest {
    return { ...request, options: { ...request.options, inspect: true } };
  }
}
