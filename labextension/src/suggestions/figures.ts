import { ISignal, Signal } from '@lumino/signaling';

import { AcceptedPart, ISuggestionEvent } from './tokens';

/** Maximum number of times that percentiles are computed from. */
export const MAX_TIMES = 500;

/** Maximum number of minutes in the plots. */
export const MAX_MINUTES = 30;

/** The p50 and the p95 of some times, in milliseconds. */
export interface IPercentiles {
  p50: number;
  p95: number;
}

/** What happened within a minute. */
export interface IMinute {
  /** Minutes since the epoch. */
  minute: number;

  /** Number of suggestions that were shown. */
  shown: number;

  /** Characters that were accepted. */
  characters: number;

  /** Milliseconds until each suggestion was shown. */
  times: number[];
}

/**
 * Sums over the suggestions of this page: in memory, without text, and of a
 * bounded size.
 */
export class SessionFigures {
  /**
   * @param now - Returns milliseconds since the epoch.
   */
  constructor(now: () => number = Date.now) {
    this._now = now;
  }

  /** Emitted when a figure changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Number of suggestions that were shown. */
  shown = 0;

  /** Number of suggestions of which a part or all was accepted. */
  accepted = 0;

  /** Number of suggestions that were dismissed with Escape. */
  dismissed = 0;

  /** Characters that were accepted. */
  acceptedCharacters = 0;

  /** How often each part was accepted. */
  readonly parts: Record<AcceptedPart, number> = { all: 0, line: 0, word: 0 };

  /** Characters that were checked half a minute after they were accepted. */
  checkedCharacters = 0;

  /** How many of those were still there. */
  keptCharacters = 0;

  /** The last minutes with a suggestion, the oldest first. */
  readonly minutes: IMinute[] = [];

  /** The percentiles of the last times; `null` before the first. */
  get times(): IPercentiles | null {
    return percentiles(this._times);
  }

  /**
   * Count an event.
   */
  add(event: ISuggestionEvent): void {
    const { characters } = event;
    switch (event.event) {
      case 'shown':
        this.shown++;
        this._minute().shown++;
        this._addTime(event.latency_ms ?? 0);
        break;
      case 'accepted':
        this.accepted += event.first ? 1 : 0;
        this.parts[event.part ?? 'all']++;
        this.acceptedCharacters += characters;
        this._minute().characters += characters;
        break;
      case 'dismissed':
        this.dismissed++;
        break;
      case 'kept':
        this.keptCharacters += characters;
        this.checkedCharacters += event.accepted_characters ?? characters;
        break;
    }
    this._changed.emit();
  }

  private _addTime(time: number): void {
    this._times.push(time);
    if (this._times.length > MAX_TIMES) {
      this._times.shift();
    }
    const { times } = this._minute();
    if (times.length < MAX_TIMES) {
      times.push(time);
    }
  }

  private _minute(): IMinute {
    const minute = Math.floor(this._now() / 60_000);
    const { minutes } = this;
    const last = minutes[minutes.length - 1];
    if (last?.minute === minute) {
      return last;
    }
    const started = { minute, shown: 0, characters: 0, times: [] };
    minutes.push(started);
    if (minutes.length > MAX_MINUTES) {
      minutes.shift();
    }
    return started;
  }

  private _changed = new Signal<this, void>(this);
  private _now: () => number;
  private _times: number[] = [];
}

/**
 * The percentiles of times, by the nearest rank; `null` if there are none.
 */
export function percentiles(times: readonly number[]): IPercentiles | null {
  if (times.length === 0) {
    return null;
  }
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p95: at(0.95) };
}
