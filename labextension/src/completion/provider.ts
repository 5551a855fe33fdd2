import {
  CompletionHandler,
  IInlineCompletionContext,
  IInlineCompletionItem,
  IInlineCompletionList,
  IInlineCompletionProvider,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { LabIcon } from '@jupyterlab/ui-components';

import { safeCoderIcon } from '../icon';
import { IErrorEvent, PROTOCOL_VERSION, sentence } from '../protocol';
import { ICompletionReporter } from '../status/tokens';
import { CompletionCache, cacheKey } from './cache';
import { delay } from './delay';
import { Flight } from './flight';
import { explain } from './reasons';
import {
  DEFAULT_SETTINGS,
  ICompletionSettings,
  SETTINGS_SCHEMA,
  readSettings
} from './settings';
import { ISurroundings, SiteFinder } from './site';
import { CompletionTransport } from './transport';
import { Turn } from './turn';
import { cutWindow } from './window';

/**
 * Ghost text from the runtime.
 *
 * #### Notes
 * Lab asks at each keystroke. Either what is typed agrees with an answer that
 * is known or on its way, and the rest of it is shown at once; or the request
 * on its way is aborted and, after a short pause in typing, a new one is sent.
 *
 * Where there is nothing to show, `fetch` rejects with `NothingToShow`: Lab
 * then leaves the screen as it is, while an empty list would swallow Tab.
 */
export class SafeCoderProvider implements IInlineCompletionProvider<IInlineCompletionItem> {
  /**
   * @param options - What the provider works with.
   */
  constructor(options: SafeCoderProvider.IOptions) {
    this._findSite = options.findSite;
    this._reporter = options.reporter;
    this._transport = options.transport;
  }

  /** The name in Lab's settings. */
  readonly identifier = 'jupyter-safecoder';

  /** The name that people see. */
  readonly name = 'SafeCoder';

  /** The icon beside a suggestion. */
  get icon(): LabIcon {
    return safeCoderIcon;
  }

  /** The fields of Lab's settings page for inline completions. */
  get schema(): ISettingRegistry.IProperty {
    return SETTINGS_SCHEMA;
  }

  /**
   * Take over the person's settings.
   */
  configure(settings: { [property: string]: unknown }): void {
    this._settings = readSettings(settings);
  }

  /**
   * Give up what is on its way: the person has left.
   */
  cancel(): void {
    this._turn?.end();
    this._turn = null;
    this._abortFlight();
  }

  /**
   * Forget a closed document.
   */
  forget(): void {
    this.cancel();
    this._cache.clear();
  }

  /**
   * Suggest what to insert at the cursor.
   *
   * @throws NothingToShow - Where Lab is to leave the screen as it is.
   */
  async fetch(
    request: CompletionHandler.IRequest,
    context: IInlineCompletionContext
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    const site = this._findSite(request, context);
    const place = site?.read();
    if (!site || !place || place.text !== request.text) {
      throw new NothingToShow('elsewhere');
    }
    this._turn?.end();
    this._turn = null;
    if (!this._reporter.enabled) {
      this._abortFlight();
      throw new NothingToShow('off');
    }
    const isInvoked =
      context.triggerKind === InlineCompletionTriggerKind.Invoke;
    const window = cutWindow(place.text, place.cursor);
    const around = site.surroundings(this._settings.includeOutputs);
    const key = cacheKey(
      site.document,
      site.cell,
      around.fingerprint,
      window.suffix
    );
    const turn = (this._turn = new Turn(site, window, key, isInvoked));

    const known = this._cache.find(key, window.prefix);
    if (known !== null && (known !== '' || !isInvoked)) {
      this._abortFlight();
      return Private.list(known);
    }
    return this._first(turn, await this._board(turn, around));
  }

  /**
   * The rest of a suggestion, the full text each time.
   *
   * #### Notes
   * Lab neither stops listening to a generator whose suggestion is gone nor
   * survives one that throws, so this one ends by itself and never throws.
   */
  async *stream(
    token: string
  ): AsyncGenerator<{ response: IInlineCompletionItem }, void, undefined> {
    const turn = this._turn;
    const flight = this._flight;
    if (turn?.token !== token || !flight) {
      return;
    }
    let shown: string | null = null;
    for (;;) {
      const isLast = flight.isEnded;
      const rest = flight.isAborted ? null : turn.rest(flight);
      if (rest === null) {
        return;
      }
      if (rest !== '' && rest !== shown) {
        shown = rest;
        yield { response: { insertText: rest } };
      } else if (rest === '' && isLast && !flight.error) {
        turn.site.dismiss();
      }
      if (isLast) {
        return;
      }
      await turn.news(flight);
    }
  }

  /** The flight that serves the turn: the one on its way, or a new one. */
  private async _board(turn: Turn, around: ISurroundings): Promise<Flight> {
    const flight = this._flight;
    if (
      flight &&
      !flight.isEnded &&
      flight.text !== '' &&
      flight.key === turn.key &&
      flight.rest(turn.window.prefix) !== null
    ) {
      return flight;
    }
    this._abortFlight();
    const pause = turn.isInvoked ? 0 : this._settings.debounce;
    if (!(await delay(pause, turn.signal))) {
      throw new NothingToShow('superseded');
    }
    if (!turn.isInvoked && Date.now() < this._quietUntil) {
      throw new NothingToShow('asked to wait');
    }
    return this._depart(turn, around);
  }

  private _depart(turn: Turn, around: ISurroundings): Flight {
    const { site, window, key } = turn;
    const flight = new Flight({
      key,
      transport: this._transport,
      onQueued: place => this._reporter.queued(place),
      request: {
        version: PROTOCOL_VERSION,
        document: site.document,
        path: site.path,
        language: site.language,
        before: around.before,
        prefix: window.prefix,
        suffix: window.suffix
      }
    });
    this._flight = flight;
    this._reporter.asked();
    void flight.ended.then(() => this._landed(flight));
    return flight;
  }

  private _landed(flight: Flight): void {
    if (this._flight === flight && !flight.isAborted) {
      this._reporter.answered(flight.error);
    }
    if (flight.error && !flight.isAborted) {
      this._quietUntil = Date.now() + Private.quiet(flight.error);
    } else if (flight.finishReason && !Private.isPartial(flight)) {
      this._cache.store(flight.key, flight.prefix, flight.text);
    }
  }

  private _abortFlight(): void {
    if (this._flight && !this._flight.isEnded) {
      this._flight.abort();
      this._reporter.answered(null);
    }
    this._flight = null;
  }

  /** Wait for the first text worth showing. */
  private async _first(
    turn: Turn,
    flight: Flight
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    for (;;) {
      if (turn.signal.aborted || flight.isAborted) {
        throw new NothingToShow('superseded');
      }
      const rest = turn.rest(flight);
      if (rest) {
        return Private.list(rest, flight.isEnded ? undefined : turn.token);
      }
      if (flight.isEnded && flight.error) {
        return this._fail(turn, flight.error);
      }
      if (flight.isEnded && turn.isInvoked) {
        this._reporter.nothing(explain(flight.finishReason));
      }
      if (flight.isEnded || rest === null) {
        throw new NothingToShow(flight.finishReason ?? 'moved on');
      }
      await turn.news(flight);
    }
  }

  private _fail(
    turn: Turn,
    error: IErrorEvent
  ): IInlineCompletionList<IInlineCompletionItem> {
    if (turn.isInvoked) {
      const message = sentence(error);
      return { items: [{ insertText: '', error: { message } }] };
    }
    throw new NothingToShow(error.code);
  }

  private _cache = new CompletionCache();
  private _findSite: SiteFinder;
  private _flight: Flight | null = null;
  private _quietUntil = 0;
  private _reporter: ICompletionReporter;
  private _settings: ICompletionSettings = DEFAULT_SETTINGS;
  private _transport: CompletionTransport;
  private _turn: Turn | null = null;
}

/**
 * A namespace for `SafeCoderProvider` statics.
 */
export namespace SafeCoderProvider {
  /** What the provider works with. */
  export interface IOptions {
    /** Finds the cell that Lab asks about. */
    findSite: SiteFinder;

    /** Is told how requests fare. */
    reporter: ICompletionReporter;

    /** Sends requests. */
    transport: CompletionTransport;
  }
}

/**
 * Why `fetch` did not answer. Lab takes it silently.
 */
export class NothingToShow extends Error {
  readonly name = 'NothingToShow';
}

namespace Private {
  /** One suggestion; with a token if more of it is to come. */
  export function list(
    insertText: string,
    token?: string
  ): IInlineCompletionList<IInlineCompletionItem> {
    if (insertText === '') {
      throw new NothingToShow('known to be empty');
    }
    return {
      items: [
        token ? { insertText, isIncomplete: true, token } : { insertText }
      ]
    };
  }

  /** Whether the same request might be answered with more. */
  export function isPartial(flight: Flight): boolean {
    return ['deadline', 'superseded'].includes(flight.finishReason ?? '');
  }

  /** How long, in ms, automatic requests stay away after a failure. */
  export function quiet(error: IErrorEvent): number {
    const polite = ['queue_full', 'not_ready', 'runtime_unavailable'];
    const seconds = polite.includes(error.code) ? 1 : 0;
    return Math.min(error.retry_after_s ?? seconds, 30) * 1000;
  }
}
