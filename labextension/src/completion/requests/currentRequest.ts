import { TranslationBundle } from '@jupyterlab/translation';

import { ICompletionRequest } from '../../protocol';
import { ICompletionReporter } from '../../status/tokens';
import { CompletionStream } from './completionStream';
import { retryDelay } from './delay';
import { CompletionTransport } from './transport';

/**
 * The request that the user waits for: at most one runs.
 */
export class CurrentRequest {
  /**
   * @param options - How requests are sent, and who gets the results.
   */
  constructor(options: CurrentRequest.IOptions) {
    this._options = options;
  }

  /** The last request, unless it was aborted. */
  get stream(): CompletionStream | null {
    return this._stream;
  }

  /** Whether no automatic request is to be sent, so soon after a failure. */
  get isPaused(): boolean {
    return performance.now() < this._retryTime;
  }

  /**
   * Send a request.
   *
   * @param key - Everything that the completion depends on except the prefix.
   * @param request - The request.
   */
  start(key: string, request: ICompletionRequest): CompletionStream {
    const { reporter, trans, transport } = this._options;
    return this.adopt(
      new CompletionStream({
        key,
        request,
        trans,
        transport,
        onQueued: position => reporter.onQueued(position)
      })
    );
  }

  /**
   * Wait for a request that was sent already.
   */
  adopt(stream: CompletionStream): CompletionStream {
    this._stream = stream;
    this._options.reporter.onSent();
    void stream.settled.then(() => this._onSettled(stream));
    return stream;
  }

  /**
   * Abort the request, if it runs, and forget it.
   */
  abort(): void {
    if (this._stream && !this._stream.isSettled) {
      this._stream.abort();
      this._options.onEnded(this._stream);
      this._options.reporter.onSettled(null);
    }
    this._stream = null;
  }

  private _onSettled(stream: CompletionStream): void {
    if (stream.isAborted) {
      return;
    }
    if (this._stream === stream) {
      this._options.reporter.onSettled(stream.error);
    }
    if (stream.error) {
      this._retryTime = performance.now() + retryDelay(stream.error);
    }
    this._options.onEnded(stream);
  }

  private _options: CurrentRequest.IOptions;
  private _retryTime = 0;
  private _stream: CompletionStream | null = null;
}

/**
 * A namespace for `CurrentRequest` statics.
 */
export namespace CurrentRequest {
  /** How requests are sent, and who gets the results. */
  export interface IOptions {
    /** Called when a request is complete, has failed or was aborted. */
    onEnded: (stream: CompletionStream) => void;

    /** Receives the progress of requests. */
    reporter: ICompletionReporter;

    /** Translates messages. */
    trans: TranslationBundle;

    /** Sends requests. */
    transport: CompletionTransport;
  }
}
