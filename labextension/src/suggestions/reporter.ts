import { IEventsApi } from './api';
import { ISuggestionEvent, ISuggestionEvents } from './tokens';

/** Maximum number of events in a request; the server has the same maximum. */
export const MAX_EVENTS = 200;

/** Milliseconds until the server is asked again whether events are wanted. */
export const ASK_AGAIN_MS = 600_000;

/** Minimum milliseconds between two requests. */
const MIN_INTERVAL_MS = 5_000;

/**
 * Sends events to the server where they are counted, some at a time.
 *
 * Where they are not, the only request is the one that asks.
 */
export class EventReporter {
  /**
   * @param events - The events.
   * @param api - Sends the requests.
   */
  constructor(events: ISuggestionEvents, api: IEventsApi) {
    this._api = api;
    events.emitted.connect((_, event) => this._add(event));
  }

  private _add(event: ISuggestionEvent): void {
    if (performance.now() < this._unwantedUntil) {
      return;
    }
    if (this._pending.length < MAX_EVENTS) {
      this._pending.push(event);
    }
    if (this._interval === null) {
      this._interval = MIN_INTERVAL_MS;
      void this._ask();
    } else if (!this._timer) {
      this._schedule();
    }
  }

  /** Ask whether events are wanted; then send those that wait. */
  private async _ask(): Promise<void> {
    const settings = await this._api.settings().catch(() => null);
    if (!settings?.wanted) {
      this._stop();
      return;
    }
    this._interval = Math.max(MIN_INTERVAL_MS, 1000 * settings.interval_s);
    this._schedule();
  }

  private _schedule(): void {
    this._timer ??= setTimeout(() => void this._send(), this._interval!);
  }

  private async _send(): Promise<void> {
    const events = this._pending;
    this._pending = [];
    this._timer = undefined;
    if (events.length > 0) {
      await this._api.send(events).catch(() => this._stop());
    }
  }

  /** Forget the events: they are not counted, or the server refuses them. */
  private _stop(): void {
    this._pending = [];
    this._interval = null;
    this._unwantedUntil = performance.now() + ASK_AGAIN_MS;
  }

  private _api: IEventsApi;
  private _interval: number | null = null;
  private _pending: ISuggestionEvent[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _unwantedUntil = 0;
}
