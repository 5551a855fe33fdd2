import { ISignal, Signal } from '@lumino/signaling';

/** How long completions are paused, in ms. */
export const SNOOZE_MS = 600_000;

/** Milliseconds between two updates of the countdown. */
const TICK_MS = 1_000;

/**
 * A pause that ends by itself, in memory only.
 */
export class Snooze {
  /** Emitted when the pause starts and ends, and each second of it. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Seconds until the pause ends; 0 if there is none. */
  get seconds(): number {
    // Not beyond a pause: the clock may have been set back.
    const left = Math.min(this._end - Date.now(), SNOOZE_MS);
    return Math.max(0, Math.ceil(left / 1000));
  }

  /** Start a pause. */
  start(): void {
    this._end = Date.now() + SNOOZE_MS;
    clearInterval(this._timer);
    this._timer = setInterval(() => this._tick(), TICK_MS);
    this._changed.emit();
  }

  /** End the pause now, if there is one. */
  end(): void {
    if (this._end > 0) {
      this._end = 0;
      clearInterval(this._timer);
      this._changed.emit();
    }
  }

  private _tick(): void {
    if (this.seconds === 0) {
      this.end();
    } else {
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _end = 0;
  private _timer: ReturnType<typeof setInterval> | undefined;
}

/** Seconds as minutes and seconds: 9:59. */
export function countdown(seconds: number): string {
  const rest = String(seconds % 60).padStart(2, '0');
  return `${Math.floor(seconds / 60)}:${rest}`;
}
