import {
  CompletionHandler,
  IInlineCompletionContext,
  IInlineCompletionItem,
  IInlineCompletionList,
  IInlineCompletionProvider,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';

import { safeCoderIcon } from '../icon';
import { IErrorEvent, PROTOCOL_VERSION, errorText } from '../protocol';
import { ICompletionReporter } from '../status/tokens';
import { CompletionCache, cacheKey } from './cache';
import { CallKinds } from './callKind';
import { CompletionStream } from './completionStream';
import { delay } from './delay';
import { FetchCall } from './fetchCall';
import { explainEmpty } from './reasons';
import { InputKind } from './lastInput';
import { retryDelay } from './retryDelay';
import {
  DEFAULT_SETTINGS,
  ICompletionSettings,
  completionOptions,
  isManual,
  readSettings,
  settingsSchema
} from './settings';
import { NoSuggestionError, suggestionList } from './suggestionList';
import { FindTarget, ICellContext, ICursorState } from './target';
import { CompletionTransport } from './transport';
import { cutWindow } from './window';

/**
 * Provides ghost text from the runtime.
 *
 * #### Notes
 * Lab calls `fetch` at each keystroke. If the typed text agrees with a known
 * completion or with the running one, its remainder is shown at once, or as
 * soon as the model is sure enough of it. Otherwise
 * the running request is aborted and, after a short pause in typing, a new one
 * is sent.
 *
 * Without a suggestion, `fetch` rejects with `NoSuggestionError`: Lab then
 * leaves the screen as it is, while an empty list would capture the Tab key.
 *
 * `jupyter_safecoder/evaluation/replay/editor.py` has the same rules, for
 * measurements without a browser.
 */
export class SafeCoderProvider implements IInlineCompletionProvider<IInlineCompletionItem> {
  /**
   * @param options - What the provider works with.
   */
  constructor(options: SafeCoderProvider.IOptions) {
    this._findTarget = options.findTarget;
    this._kinds = new CallKinds(options.inputKind);
    this._reporter = options.reporter;
    this._trans = options.trans;
    this._transport = options.transport;
  }

  /** The id in Lab's settings. */
  readonly identifier = 'jupyter-safecoder';

  /** The name that users see. */
  readonly name = 'SafeCoder';

  /** The icon beside a suggestion. */
  get icon(): LabIcon {
    return safeCoderIcon;
  }

  /** The fields of Lab's settings page for inline completions. */
  get schema(): ISettingRegistry.IProperty {
    return settingsSchema(this._trans);
  }

  /**
   * Apply the user's settings.
   */
  configure(settings: { [property: string]: unknown }): void {
    const before = this._settings.suggestions;
    this._settings = readSettings(settings);
    if (this._settings.suggestions !== before) {
      this.reset();
    }
  }

  /**
   * Cancel the current call and its request: the user has left the editor.
   */
  cancel(): void {
    this._call?.cancel();
    this._call = null;
    this._abortStream();
  }

  /**
   * Cancel, and forget the suggestion at the cursor: the user does not want it.
   */
  refuse(): void {
    const call = this._call;
    const state = call?.target.readCursor();
    if (call && state) {
      const { prefix } = cutWindow(state.text, state.cursor);
      this._cache.remove(call.key, prefix);
    }
    this.cancel();
  }

  /**
   * Cancel, and clear the cache: a document was closed.
   */
  reset(): void {
    this.cancel();
    this._cache.clear();
  }

  /**
   * Treat the next call for this cursor as one that the user did not ask for.
   *
   * @param isFreshLine - Whether the line has no text.
   * @param target - The cell or file.
   * @returns Whether the user wants such suggestions.
   */
  expectAutomatic(
    state: ICursorState,
    isFreshLine: boolean,
    target?: { isManual?: boolean }
  ): boolean {
    const isWanted =
      this._reporter.enabled &&
      !isManual(this._settings, target) &&
      (this._settings.freshLine || !isFreshLine);
    this._kinds.expect(isWanted ? state : null);
    return isWanted;
  }

  /**
   * Suggest what to insert at the cursor.
   *
   * @throws NoSuggestionError - When Lab is to leave the screen as it is.
   */
  async fetch(
    request: CompletionHandler.IRequest,
    context: IInlineCompletionContext
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    const target = this._findTarget(context);
    const state = target?.readCursor();
    if (!target || !state || state.text !== request.text) {
      throw new NoSuggestionError('not in an editor');
    }
    this._call?.cancel();
    this._call = null;
    if (!this._reporter.enabled) {
      this._abortStream();
      throw new NoSuggestionError('completions are off');
    }
    const kind = this._kinds.classify(
      context.triggerKind === InlineCompletionTriggerKind.Invoke,
      state
    );
    if (kind === 'none') {
      this._abortStream();
      throw new NoSuggestionError('undone or being composed');
    }
    const isInvoked = kind === 'explicit';
    const window = cutWindow(state.text, state.cursor);
    const cells = target.context(this._settings.includeOutputs);
    const key = cacheKey(
      target.document,
      target.cell,
      cells.fingerprint,
      window.suffix
    );
    const call = (this._call = new FetchCall(target, window, key, isInvoked));

    const cached = this._cache.find(key, window.prefix);
    if (cached !== null && (cached !== '' || !isInvoked)) {
      this._abortStream();
      return suggestionList(cached);
    }
    if (kind === 'known') {
      this._abortStream();
      throw new NoSuggestionError('nothing is known');
    }
    const stream = await this._joinOrStart(call, cells);
    return this._firstSuggestion(call, stream, cells);
  }

  /**
   * Yield the growing suggestion, the full text each time.
   *
   * @param token - The token of the suggestion that `fetch` returned.
   *
   * #### Notes
   * Lab neither stops a generator whose suggestion is no longer shown nor
   * survives one that throws. So this one returns by itself and never throws.
   */
  async *stream(
    token: string
  ): AsyncGenerator<{ response: IInlineCompletionItem }, void, undefined> {
    const call = this._call;
    const stream = this._stream;
    if (call?.token !== token || !stream) {
      return;
    }
    let shown: string | null = null;
    for (;;) {
      const isLast = stream.isSettled;
      const remainder = stream.isAborted ? null : call.remainder(stream);
      if (remainder === null) {
        return;
      }
      if (remainder !== '' && remainder !== shown) {
        shown = remainder;
        yield { response: { insertText: remainder } };
      } else if (remainder === '' && isLast && !stream.error) {
        call.target.dismiss();
      }
      if (isLast) {
        return;
      }
      await call.nextUpdate(stream);
    }
  }

  /** The stream that serves a call: the running one if it agrees, or a new one. */
  private async _joinOrStart(
    call: FetchCall,
    context: ICellContext
  ): Promise<CompletionStream> {
    const stream = this._stream;
    if (
      stream &&
      !stream.isSettled &&
      stream.hasText &&
      stream.key === call.key &&
      stream.remainder(call.window.prefix) !== null
    ) {
      return stream;
    }
    this._abortStream();
    if (!this._mayStart(call)) {
      throw new NoSuggestionError('not requested');
    }
    const pause = call.isInvoked ? 0 : this._settings.debounce;
    if (!(await delay(pause, call.signal))) {
      throw new NoSuggestionError('superseded');
    }
    if (!call.isInvoked && Date.now() < this._retryTime) {
      throw new NoSuggestionError('waiting after a failure');
    }
    return this._start(call, context);
  }

  private _mayStart(call: FetchCall): boolean {
    return call.isInvoked || !isManual(this._settings, call.target);
  }

  private _start(call: FetchCall, context: ICellContext): CompletionStream {
    const { target, window, key } = call;
    const stream = new CompletionStream({
      key,
      trans: this._trans,
      transport: this._transport,
      onQueued: position => this._reporter.onQueued(position),
      request: {
        version: PROTOCOL_VERSION,
        document: target.document,
        path: target.path,
        language: target.language,
        before: context.before,
        prefix: window.prefix,
        suffix: window.suffix,
        options: completionOptions(this._settings, call.isInvoked)
      }
    });
    this._stream = stream;
    this._reporter.onSent();
    void stream.settled.then(() => this._onSettled(stream));
    return stream;
  }

  private _onSettled(stream: CompletionStream): void {
    if (this._stream === stream && !stream.isAborted) {
      this._reporter.onSettled(stream.error);
    }
    if (stream.error && !stream.isAborted) {
      this._retryTime = Date.now() + retryDelay(stream.error);
    } else if (stream.finishReason && !stream.isPartial) {
      this._cache.store(stream.key, stream.prefix, stream.text);
    }
  }

  private _abortStream(): void {
    if (this._stream && !this._stream.isSettled) {
      this._stream.abort();
      this._reporter.onSettled(null);
    }
    this._stream = null;
  }

  /** Wait for the first text that can be shown. */
  private async _firstSuggestion(
    call: FetchCall,
    stream: CompletionStream,
    context: ICellContext
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    for (;;) {
      if (call.signal.aborted || stream.isAborted) {
        throw new NoSuggestionError('superseded');
      }
      const remainder = call.remainder(stream);
      if (remainder) {
        return suggestionList(
          remainder,
          stream.isSettled ? undefined : call.token
        );
      }
      if (stream.isSettled && stream.error) {
        return this._showError(call, stream.error);
      }
      if (
        stream.isSettled &&
        remainder === null &&
        stream.prefix !== call.window.prefix &&
        call.isCurrent() &&
        this._mayStart(call)
      ) {
        // The call has joined it, and the final text does not agree.
        stream = this._start(call, context);
        continue;
      }
      if (stream.isSettled && call.isInvoked) {
        this._reporter.onEmpty(explainEmpty(stream.finishReason, this._trans));
      }
      if (stream.isSettled || remainder === null) {
        throw new NoSuggestionError(
          stream.finishReason ?? 'the cursor has moved'
        );
      }
      await call.nextUpdate(stream);
    }
  }

  /** Show an error where the user requested a suggestion explicitly. */
  private _showError(
    call: FetchCall,
    error: IErrorEvent
  ): IInlineCompletionList<IInlineCompletionItem> {
    if (call.isInvoked) {
      const message = errorText(error);
      return { items: [{ insertText: '', error: { message } }] };
    }
    throw new NoSuggestionError(error.code);
  }

  private _cache = new CompletionCache();
  private _call: FetchCall | null = null;
  private _findTarget: FindTarget;
  private _kinds: CallKinds;
  private _reporter: ICompletionReporter;
  private _retryTime = 0;
  private _settings: ICompletionSettings = DEFAULT_SETTINGS;
  private _stream: CompletionStream | null = null;
  private _trans: TranslationBundle;
  private _transport: CompletionTransport;
}

/**
 * A namespace for `SafeCoderProvider` statics.
 */
export namespace SafeCoderProvider {
  /** What the provider works with. */
  export interface IOptions {
    /** Finds the cell or file of a request. */
    findTarget: FindTarget;

    /** How the user has changed the text last. */
    inputKind: () => InputKind;

    /** Receives the progress of requests. */
    reporter: ICompletionReporter;

    /** Translates messages. */
    trans: TranslationBundle;

    /** Sends requests. */
    transport: CompletionTransport;
  }
}
