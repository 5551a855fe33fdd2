import { suggestionEvent } from '../testing/fakes';
import { MAX_MINUTES, MAX_TIMES, SessionFigures, percentiles } from './figures';

describe('SessionFigures', () => {
  let figures: SessionFigures;
  let now: number;

  beforeEach(() => {
    now = 60_000;
    figures = new SessionFigures(() => now);
  });

  it('counts each kind of event', () => {
    const changed = jest.fn();
    figures.changed.connect(changed);
    for (const fields of [
      { event: 'shown', latency_ms: 50 },
      { event: 'accepted', characters: 4, part: 'word', first: true },
      { event: 'accepted', characters: 5, part: 'all', first: false },
      { event: 'kept', characters: 3, accepted_characters: 4 },
      { event: 'shown', latency_ms: 150 },
      { event: 'dismissed' }
    ] as const) {
      figures.add(suggestionEvent(fields));
    }
    expect(figures).toMatchObject({
      shown: 2,
      accepted: 1,
      acceptedCharacters: 9,
      dismissed: 1,
      checkedCharacters: 4,
      keptCharacters: 3,
      parts: { all: 1, line: 0, word: 1 },
      times: { p50: 50, p95: 150 }
    });
    expect(changed).toHaveBeenCalledTimes(6);
  });

  it('keeps some minutes apart', () => {
    for (let n = 0; n < MAX_MINUTES + 5; n++) {
      now += 60_000;
      figures.add(suggestionEvent({ latency_ms: n }));
      figures.add(suggestionEvent({ event: 'accepted', characters: 7 }));
    }
    expect(figures.minutes).toHaveLength(MAX_MINUTES);
    expect(figures.minutes[MAX_MINUTES - 1]).toEqual({
      minute: 36,
      shown: 1,
      characters: 7,
      times: [34]
    });
  });

  it('is of a bounded size, however much is shown', () => {
    for (let n = 0; n < MAX_TIMES + 100; n++) {
      figures.add(suggestionEvent({ latency_ms: n }));
    }
    expect(figures.shown).toBe(MAX_TIMES + 100);
    expect(figures.minutes[0].times).toHaveLength(MAX_TIMES);
    // Of the last ones.
    expect(figures.times!.p50).toBe(99 + MAX_TIMES / 2);
  });

  it('has no times before the first', () => {
    expect(figures.times).toBeNull();
  });
});

describe('percentiles', () => {
  it.each([
    [[7], 7, 7],
    [[3, 1, 2], 2, 3],
    [Array.from({ length: 100 }, (_, n) => n + 1), 50, 95]
  ])('of %j', (times, p50, p95) => {
    expect(percentiles(times)).toEqual({ p50, p95 });
  });

  it('of nothing', () => {
    expect(percentiles([])).toBeNull();
  });
});
