import { TranslationBundle } from '@jupyterlab/translation';

import { IErrorEvent } from '../../protocol';
import { ICompletionReporter } from '../../status/tokens';
import { Background } from './background';
import { CompletionCache } from './cache';
import { CompletionStream } from './completionStream';
import { CurrentRequest } from './currentRequest';
import { delay } from './delay';
import { FetchCall } from './fetchCall';
import { Rhythm } from './pause';
import { completionRequest } from './request';
import { DEFAULT_SETTINGS, ICompletionSettings, isManual } from '../settings';
import { NoSuggestionError } from './suggestionList';
import { CompletionTransport } from './transport';
import { cutWindow } from '../editor/window';

/** How many other suggestions are requested at once. */
const MAX_ALTERNATIVES = 3;

/**
 * What is known, what is requested, and what is requested in advance.
 */
export class Requests {
  /**
   * @param options - How requests are sent, and who gets the results.
   */
  constructor(options: Requests.IOptions) {
    this._options = options;
    this._current = new CurrentRequest({
      ...options,
      onEnded: stream => this._onEnded(stream)
    });
    this._background = new Background({
      ...options,
      onPrefetched: stream => this._store(stream)
    });
  }

  /** The user's settings. */
  settings: ICompletionSettings = DEFAULT_SETTINGS;

  /** The request of the user, unless it was aborted. */
  get stream(): CompletionStream | null {
    return this._current.stream;
  }

  /**
   * Take a call that Lab makes: what it makes useless is cancelled.
   */
  onCall(call: FetchCall): void {
    this._call = call;
    this._rhythm.onKey();
    this._background.keepFor(call);
  }

  /**
   * What is known to remain to be inserted; see `CompletionCache.find`.
   */
  find(call: FetchCall): string | null {
    return this._cache.find(call.key, call.window.prefix);
  }

  /**
   * Go on where another user has changed the text around the line of a call.
   *
   * @param from - The last call.
   * @param to - The same place now.
   * @returns The request of the user's last key, which runs or is sent after the
   * pause; `null` if it has ended.
   */
  move(from: FetchCall, to: FetchCall): Promise<CompletionStream> | null {
    const known = this.find(from);
    const { stream } = this;
    if (known) {
      this._cache.store(to.key, to.window.prefix, known);
      this._call = to;
    } else if (stream?.key === from.key && !stream.isSettled) {
      const typed = from.window.prefix.length - stream.prefix.length;
      const { prefix } = to.window;
      stream.move(to.key, prefix.slice(0, prefix.length - typed));
      this._call = to;
      return Promise.resolve(stream);
    } else if (this._waiting === from) {
      this._call = to;
      return this.joinOrStart(to);
    }
    return null;
  }

  /**
   * Note that a known suggestion is shown, which needs no request.
   */
  onKnown(call: FetchCall, suggestion: string): void {
    this._current.abort();
    this._prefetch(call, suggestion);
  }

  /**
   * Whether the running request agrees with the text of a call.
   */
  isServed(call: FetchCall): boolean {
    const { stream } = this;
    return (
      stream !== null &&
      !stream.isSettled &&
      stream.hasText &&
      stream.key === call.key &&
      stream.remainder(call.window.prefix) !== null
    );
  }

  /**
   * The stream that serves a call: the running one if it agrees, or a new one.
   *
   * @throws NoSuggestionError - If none is requested.
   */
  async joinOrStart(call: FetchCall): Promise<CompletionStream> {
    if (this.stream && this.isServed(call)) {
      return this.stream;
    }
    this._current.abort();
    if (!this.mayStart(call)) {
      throw new NoSuggestionError('not requested');
    }
    const prefetched = this._background.take(call);
    if (prefetched) {
      return this._current.adopt(prefetched);
    }
    const { debounce } = this.settings;
    const pause = call.isInvoked ? 0 : this._rhythm.pause(debounce);
    this._waiting = call;
    const isOver = await delay(pause, call.signal);
    this._waiting = this._waiting === call ? null : this._waiting;
    if (!isOver) {
      throw new NoSuggestionError('superseded');
    }
    if (!call.isInvoked && this._current.isPaused) {
      throw new NoSuggestionError('waiting after a failure');
    }
    return this.start(call);
  }

  /**
   * Whether the user wants a request for a call.
   */
  mayStart(call: FetchCall): boolean {
    return call.isInvoked || !isManual(this.settings, call.target);
  }

  /**
   * Send a request for a call.
   */
  start(call: FetchCall): CompletionStream {
    const trigger = call.isInvoked ? 'explicit' : 'automatic';
    return this._current.start(
      call.key,
      completionRequest(call, call.window, this.settings, trigger)
    );
  }

  /**
   * Have the prompt of a place computed, so that the first key there is answered
   * as fast as the next ones.
   */
  warm(place: FetchCall): void {
    const { context, key, window } = place;
    const isEmpty =
      !window.prefix && !window.suffix && context.before.length === 0;
    const isRunning = this.stream !== null && !this.stream.isSettled;
    if (!isEmpty && !isRunning && this._isAdvanceWanted(place)) {
      this._background.warm(
        key,
        completionRequest(place, window, this.settings, 'warm')
      );
    }
  }

  /**
   * Request other completions than the most probable one.
   *
   * @returns `null` if the engine cannot compute them, or fails.
   */
  async alternatives(place: FetchCall): Promise<string[] | null> {
    const { reporter, transport } = this._options;
    this._background.cancel();
    const request = completionRequest(
      place,
      place.window,
      this.settings,
      'explicit'
    );
    request.options.alternatives = MAX_ALTERNATIVES;
    reporter.onSent();
    let error: IErrorEvent | null = null;
    try {
      for await (const event of transport(request, place.signal)) {
        if (event.event === 'done') {
          return event.alternatives ?? null;
        }
        error = event.event === 'error' ? event : null;
      }
    } catch {
      // Aborted, or the connection is lost: the next key finds out.
    } finally {
      reporter.onSettled(error);
    }
    return null;
  }

  /**
   * Take a suggestion for the one of a place: the user prefers it.
   */
  choose(place: FetchCall, suggestion: string): void {
    this._cache.store(place.key, place.window.prefix, suggestion);
    this._prefetch(place, suggestion);
  }

  /**
   * Abort all requests.
   */
  stop(): void {
    this._call = null;
    this._current.abort();
    this._background.cancel();
  }

  /**
   * Forget the suggestion for a text: the user does not want it.
   */
  forget(key: string, prefix: string): void {
    this._cache.remove(key, prefix);
  }

  /**
   * Abort all requests, and forget all completions.
   */
  reset(): void {
    this.stop();
    this._cache.clear();
  }

  private _isAdvanceWanted(place: FetchCall): boolean {
    return this.settings.prefetch && !isManual(this.settings, place.target);
  }

  /** Request what comes after a suggestion, as if it had been accepted. */
  private _prefetch(call: FetchCall, suggestion: string): void {
    const state = call.target.readCursor();
    if (suggestion === '' || !state || !this._isAdvanceWanted(call)) {
      return;
    }
    const { text, cursor } = state;
    const window = cutWindow(
      text.slice(0, cursor) + suggestion + text.slice(cursor),
      cursor + suggestion.length
    );
    if (this._cache.find(call.key, window.prefix) === null) {
      this._background.prefetch(
        call.key,
        completionRequest(call, window, this.settings, 'prefetch')
      );
    }
  }

  private _onEnded(stream: CompletionStream): void {
    if (!stream.isPrefetch) {
      this._rhythm.onAnswer(stream.ttft);
    }
    this._store(stream);
    const { _call: call } = this;
    const isComplete = stream.finishReason && !stream.isPartial;
    if (call && isComplete && stream === this.stream) {
      this._prefetch(call, call.remainder(stream) ?? '');
    }
  }

  private _store(stream: CompletionStream): void {
    if (stream.finishReason && !stream.isPartial) {
      this._cache.store(stream.key, stream.prefix, stream.text);
    }
  }

  private _background: Background;
  private _cache = new CompletionCache();
  private _call: FetchCall | null = null;
  private _current: CurrentRequest;
  private _options: Requests.IOptions;
  private _rhythm = new Rhythm();

  /** The call whose request is sent after the pause. */
  private _waiting: FetchCall | null = null;
}

/**
 * A namespace for `Requests` statics.
 */
export namespace Requests {
  /** How requests are sent, and who gets the results. */
  export interface IOptions {
    /** Receives the progress of requests. */
    reporter: ICompletionReporter;

    /** Translates messages. */
    trans: TranslationBundle;

    /** Sends requests. */
    transport: CompletionTransport;
  }
}
