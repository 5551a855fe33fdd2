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
import { IErrorEvent, errorText } from '../protocol';
import { ICompletionReporter } from '../status/tokens';
import { cacheKey } from './requests/cache';
import { CallKinds } from './requests/callKind';
import { CompletionStream } from './requests/completionStream';
import { FetchCall } from './requests/fetchCall';
import { explainEmpty, explainNoAlternatives } from './requests/reasons';
import { InputKind } from './editor/lastInput';
import { Requests } from './requests/requests';
import { ISources, isManual, readSettings, settingsSchema } from './settings';
import { NoSuggestionError, suggestionList } from './requests/suggestionList';
import { FindTarget, ICompletionTarget, ICursorState } from './editor/target';
import { CompletionTransport } from './requests/transport';
import { cutWindow } from './editor/window';

/**
 * Provides ghost text from the runtime.
 *
 * #### Notes
 * Lab calls `fetch` at each keystroke. If the typed text agrees with a known
 * completion or with the running one, its remainder is shown at once, or as
 * soon as the model is sure enough of it. Otherwise
 * the running request is aborted and, after a short pause in typing, a new one
 * is sent. What comes after a suggestion is requested in advance.
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
    this._requests = new Requests(options);
    this._trans = options.trans;
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

  /** Which sources the user wants as context. */
  get sources(): ISources {
    return this._requests.settings.sources;
  }

  /**
   * Apply the user's settings.
   */
  configure(settings: { [property: string]: unknown }): void {
    const before = this._requests.settings.suggestions;
    this._requests.settings = readSettings(settings);
    if (this._requests.settings.suggestions !== before) {
      this.reset();
    }
  }

  /**
   * Cancel the current call and its request: the user has left the editor.
   */
  cancel(): void {
    this._call?.cancel();
    this._call = null;
    this._requests.stop();
  }

  /**
   * Cancel, and forget the suggestion at the cursor: the user does not want it.
   */
  refuse(): void {
    const call = this._call;
    const state = call?.target.readCursor();
    if (call && state) {
      const { prefix } = cutWindow(state.text, state.cursor);
      this._requests.forget(call.key, prefix);
    }
    this.cancel();
  }

  /**
   * Cancel, and clear the cache: a document was closed.
   */
  reset(): void {
    this.cancel();
    this._requests.reset();
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
    const { settings } = this._requests;
    const isWanted =
      this._reporter.enabled &&
      !isManual(settings, target) &&
      (settings.freshLine || !isFreshLine);
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
    if (request.text.includes('\r') && target?.alignLineEnds()) {
      throw new NoSuggestionError('Lab has asked again');
    }
    const state = target?.readCursor();
    if (!target || !state || !Private.isSame(state.text, request.text)) {
      throw new NoSuggestionError('not in an editor');
    }
    const isInvoked =
      context.triggerKind === InlineCompletionTriggerKind.Invoke;
    if (!isInvoked && target.isChangedRemotely()) {
      return this._continue(target, state);
    }
    this._call?.cancel();
    this._call = null;
    if (!this._reporter.enabled) {
      this._requests.stop();
      throw new NoSuggestionError('completions are off');
    }
    const kind = this._kinds.classify(isInvoked, state);
    if (kind === 'none') {
      this._requests.stop();
      throw new NoSuggestionError('undone, deleted or being composed');
    }
    const isExplicit = kind === 'explicit';
    const call = (this._call = this._newCall(target, state, isExplicit));
    this._requests.onCall(call);

    const known = this._requests.find(call);
    if (known !== null && (known !== '' || !isExplicit)) {
      this._requests.onKnown(call, known);
      return suggestionList(known);
    }
    if (kind === 'known' && !this._requests.isServed(call)) {
      this._requests.stop();
      this._kinds.onUnknown();
      throw new NoSuggestionError('nothing is known');
    }
    const stream = await this._requests.joinOrStart(call);
    return this._firstSuggestion(call, stream);
  }

  /**
   * Request other suggestions than the one that is shown.
   *
   * @param shown - The suggestion that is shown.
   * @returns Their texts; none if the user goes on typing.
   */
  async alternatives(shown: string): Promise<string[]> {
    const call = this._call;
    // It would be superseded.
    await this._requests.stream?.settled;
    const state = call?.target.readCursor();
    if (!call || !state || call !== this._call) {
      return [];
    }
    const place = (this._call = this._newCall(call.target, state, true));
    const found = await this._requests.alternatives(place);
    if (!place.isCurrent()) {
      return [];
    }
    const others = found?.filter(text => text !== shown) ?? [];
    if (others.length === 0) {
      this._reporter.onEmpty(explainNoAlternatives(found, this._trans));
    }
    return others;
  }

  /**
   * Remember which of the suggestions the user has chosen to be shown.
   */
  choose(suggestion: string): void {
    const state = this._call?.target.readCursor();
    if (this._call && state) {
      const place = this._newCall(this._call.target, state, false);
      this._requests.choose(place, suggestion);
    }
  }

  /**
   * Have the prompt of a document computed, which the user has opened, entered
   * or come back to.
   */
  warm(context: IInlineCompletionContext): void {
    const target = this._reporter.enabled ? this._findTarget(context) : null;
    const state = target?.readCursor();
    if (target && state) {
      this._requests.warm(this._newCall(target, state, false));
    }
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
    const { stream } = this._requests;
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

  private _newCall(
    target: ICompletionTarget,
    state: ICursorState,
    isInvoked: boolean
  ): FetchCall {
    const window = cutWindow(state.text, state.cursor);
    const cells = target.context(this._requests.settings);
    const { document, cell } = target;
    const key = cacheKey(document, cell, cells.fingerprint, window.suffix);
    return new FetchCall(target, cells, window, key, isInvoked);
  }

  /** Show again what Lab removes when another user changes the text. */
  private async _continue(
    target: ICompletionTarget,
    state: ICursorState
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    const last = this._call;
    const call = this._newCall(target, state, last?.isInvoked ?? false);
    if (last && !last.isSamePlace(call)) {
      this.cancel();
      target.dismiss();
    }
    const pending = this._call && this._requests.move(this._call, call);
    const known = this._requests.find(call);
    if (!known && !pending) {
      throw new NoSuggestionError('changed by another user');
    }
    last?.cancel();
    this._call = call;
    return known
      ? suggestionList(known)
      : this._firstSuggestion(call, await pending!);
  }

  /** Wait for the first text that can be shown. */
  private async _firstSuggestion(
    call: FetchCall,
    stream: CompletionStream
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
      if (
        stream.isSettled &&
        call.isInVain(stream, remainder) &&
        call.isCurrent() &&
        this._requests.mayStart(call)
      ) {
        stream = this._requests.start(call);
        continue;
      }
      if (stream.isSettled && stream.error) {
        return this._showError(call, stream.error);
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

  private _call: FetchCall | null = null;
  private _findTarget: FindTarget;
  private _kinds: CallKinds;
  private _reporter: ICompletionReporter;
  private _requests: Requests;
  private _trans: TranslationBundle;
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

namespace Private {
  /** Whether an editor has the text that Lab shares, but for its line ends. */
  export function isSame(inEditor: string, shared: string): boolean {
    return inEditor === shared || shared.includes('\r');
  }
}
