/** How many of the last times count. */
const MEMORY = 15;

/** Times between two keys from here on, in ms, are pauses to think. */
const MAX_GAP_MS = 1000;

/** Fewer times than this say nothing. */
const MIN_TIMES = 4;

/** The pause is between a third and three times of what is set. */
const MAX_FACTOR = 3;

/**
 * The pause in typing before a request is sent, in ms.
 *
 * A request that cannot be answered before the next key is in vain. So the pause
 * grows with the time to the first token, and with the speed of typing.
 *
 * `jupyter_safecoder/evaluation/replay/pause.py` has the same rule.
 *
 * @param setting - The pause that is set, in ms.
 * @param gaps - The last times between two keys, in ms.
 * @param ttfts - The last times to the first token, in ms.
 */
export function adaptedPause(
  setting: number,
  gaps: readonly number[],
  ttfts: readonly number[]
): number {
  const typing = gaps.filter(gap => gap >= 0 && gap < MAX_GAP_MS);
  if (typing.length < MIN_TIMES || ttfts.length < MIN_TIMES) {
    return setting;
  }
  const factor = (2 * median(ttfts)) / Math.max(median(typing), 1);
  return setting * Math.min(Math.max(factor, 1 / MAX_FACTOR), MAX_FACTOR);
}

/**
 * The rhythm of the user and of the model.
 */
export class Rhythm {
  /**
   * Record that the user has pressed a key.
   */
  onKey(): void {
    const now = Date.now();
    remember(this._gaps, now - this._lastKey);
    this._lastKey = now;
  }

  /**
   * Record that a request was answered, or aborted before, after this many ms.
   */
  onAnswer(ttft: number): void {
    remember(this._ttfts, ttft);
  }

  /**
   * The pause before the next request, in ms.
   *
   * @param setting - The pause that is set, in ms.
   */
  pause(setting: number): number {
    return adaptedPause(setting, this._gaps, this._ttfts);
  }

  private _gaps: number[] = [];
  private _lastKey = 0;
  private _ttfts: number[] = [];
}

function remember(times: number[], time: number): void {
  times.push(time);
  times.splice(0, times.length - MEMORY);
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}
