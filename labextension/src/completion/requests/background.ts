import { TranslationBundle } from '@jupyterlab/translation';

import { ICompletionRequest } from '../../protocol';
import { CompletionStream } from './completionStream';
import { FetchCall } from './fetchCall';
import { CompletionTransport } from './transport';

/** Half of the first pause, in ms, after the engine had other things to do. */
const MIN_PAUSE_MS = 250;

/** The longest such pause, in ms. */
const MAX_PAUSE_MS = 600_000;

/** How long, in ms, a prompt that was computed in advance stays warm. */
const WARM_MS = 60_000;

/**
 * What is computed in advance while the engine is idle: what comes after the
 * suggestion that is shown, and the prompt of a cell that the user has entered.
 *
 * #### Notes
 * The server ends such a request as soon as anybody needs the engine, and a Hub
 * does not prefetch at all. After each time the pause before the next one is
 * twice as long.
 */
export class Background {
  /**
   * @param options - How requests are sent, and what becomes of them.
   */
  constructor(options: Background.IOptions) {
    this._options = options;
  }

  /**
   * Request what comes after a suggestion, unless that is under way.
   *
   * @param key - Everything that the completion depends on except the prefix.
   * @param request - The request, as if the suggestion had been accepted.
   */
  prefetch(key: string, request: ICompletionRequest): void {
    const { _stream: stream } = this;
    const isUnderWay =
      stream &&
      !stream.isSettled &&
      stream.key === key &&
      stream.prefix === request.prefix;
    if (!isUnderWay) {
      this._start(key, request);
    }
  }

  /**
   * Have the prompt of a request computed, unless that was done a moment ago or
   * a prefetch is under way, which has computed it.
   */
  warm(key: string, request: ICompletionRequest): void {
    const prompt = JSON.stringify([key, request.prefix]);
    const now = performance.now();
    const { _stream: stream } = this;
    const isWarm =
      (prompt === this._warmed && now < this._warmedTime + WARM_MS) ||
      (stream?.isPrefetch && !stream.isSettled);
    if (!isWarm && this._start(key, request)) {
      this._warmed = prompt;
      this._warmedTime = now;
    }
  }

  /**
   * The prefetch of what a call needs, if one is under way; it is the user's
   * request from now on. Any other one is cancelled.
   *
   * @param call - A call without a known completion.
   */
  take(call: FetchCall): CompletionStream | null {
    const { _stream: stream } = this;
    this._stream = null;
    if (
      stream?.isPrefetch &&
      !stream.isSettled &&
      stream.key === call.key &&
      stream.prefix === call.window.prefix
    ) {
      return stream;
    }
    stream?.abort();
    return null;
  }

  /**
   * Cancel what no longer follows from the text around the cursor.
   */
  keepFor(call: FetchCall): void {
    const { _stream: stream } = this;
    const isAhead =
      stream?.isPrefetch &&
      stream.key === call.key &&
      stream.prefix.startsWith(call.window.prefix);
    if (!isAhead) {
      this.cancel();
    }
  }

  /**
   * Cancel whatever is computed in advance.
   */
  cancel(): void {
    this._stream?.abort();
    this._stream = null;
  }

  /** Send a request, unless the engine had other things to do just now. */
  private _start(key: string, request: ICompletionRequest): boolean {
    this.cancel();
    if (performance.now() < this._pauseEnd) {
      return false;
    }
    const { trans, transport } = this._options;
    const stream = new CompletionStream({ key, request, trans, transport });
    this._stream = stream;
    void stream.settled.then(() => this._onSettled(stream));
    return true;
  }

  private _onSettled(stream: CompletionStream): void {
    if (stream.isAborted) {
      return;
    }
    if (stream.error || stream.isPartial) {
      this._refusals++;
      const pause = Math.min(MIN_PAUSE_MS * 2 ** this._refusals, MAX_PAUSE_MS);
      this._pauseEnd = performance.now() + pause;
      this._warmed = '';
    } else {
      this._refusals = 0;
      if (stream.isPrefetch) {
        this._options.onPrefetched(stream);
      }
    }
  }

  private _options: Background.IOptions;
  private _pauseEnd = 0;
  private _refusals = 0;
  private _stream: CompletionStream | null = null;
  private _warmed = '';
  private _warmedTime = 0;
}

/**
 * A namespace for `Background` statics.
 */
export namespace Background {
  /** How requests are sent, and what becomes of them. */
  export interface IOptions {
    /** Called with each completion that was prefetched. */
    onPrefetched: (stream: CompletionStream) => void;

    /** Translates messages. */
    trans: TranslationBundle;

    /** Sends requests. */
    transport: CompletionTransport;
  }
}
