import { CodeEditor } from '@jupyterlab/codeeditor';
import { Signal } from '@lumino/signaling';

import { Delta, KEPT_AFTER_MS, moveSpans, sizeOf, watchKept } from './keptText';

describe('moveSpans', () => {
  it.each<[string, Delta, Array<[number, number]>]>([
    ['typed before', [{ insert: 'ab' }], [[12, 16]]],
    ['typed at its start', [{ retain: 10 }, { insert: 'ab' }], [[12, 16]]],
    [
      'typed within',
      [{ retain: 12 }, { insert: 'ab' }],
      [
        [10, 12],
        [14, 16]
      ]
    ],
    ['typed at its end', [{ retain: 14 }, { insert: 'ab' }], [[10, 14]]],
    ['deleted before', [{ retain: 2 }, { delete: 3 }], [[7, 11]]],
    ['deleted its start', [{ retain: 8 }, { delete: 3 }], [[8, 11]]],
    ['deleted within', [{ retain: 11 }, { delete: 2 }], [[10, 12]]],
    ['deleted its end', [{ retain: 13 }, { delete: 9 }], [[10, 13]]],
    ['deleted', [{ retain: 10 }, { delete: 4 }], []],
    ['deleted with all', [{ delete: 99 }], []],
    ['replaced', [{ retain: 10 }, { insert: 'xyzw' }, { delete: 4 }], []],
    [
      'changed twice',
      [
        { insert: 'a' },
        { retain: 10 },
        { delete: 1 },
        { retain: 1 },
        { insert: 'b' }
      ],
      [
        [11, 12],
        [13, 15]
      ]
    ]
  ])('%s', (_, delta, expected) => {
    const moved = moveSpans([{ from: 10, to: 14 }], delta);
    expect(moved.map(({ from, to }) => [from, to])).toEqual(expected);
  });
});

describe('sizeOf', () => {
  it('adds the ranges', () => {
    const spans = [
      { from: 1, to: 3 },
      { from: 5, to: 6 }
    ];
    expect(sizeOf(spans)).toBe(3);
  });
});

describe('watchKept', () => {
  let changed: Signal<object, { sourceChange?: Delta }>;
  let model: { isDisposed: boolean; sharedModel: object };
  let kept: number[];

  function watch(): () => void {
    return watchKept(
      model as unknown as CodeEditor.IModel,
      { from: 2, to: 8 },
      characters => kept.push(characters)
    );
  }

  beforeEach(() => {
    jest.useFakeTimers();
    changed = new Signal({});
    model = { isDisposed: false, sharedModel: { changed } };
    kept = [];
  });

  afterEach(() => jest.useRealTimers());

  it('reports what is left after half a minute', () => {
    watch();
    changed.emit({});
    changed.emit({ sourceChange: [{ retain: 6 }, { delete: 5 }] });
    jest.advanceTimersByTime(KEPT_AFTER_MS - 1);
    expect(kept).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(kept).toEqual([4]);
    changed.emit({ sourceChange: [{ delete: 9 }] });
    jest.advanceTimersByTime(KEPT_AFTER_MS);
    expect(kept).toEqual([4]);
  });

  it('reports nothing left of a cell that was deleted', () => {
    watch();
    model.isDisposed = true;
    jest.advanceTimersByTime(KEPT_AFTER_MS);
    expect(kept).toEqual([0]);
  });

  it('can be stopped', () => {
    watch()();
    jest.advanceTimersByTime(KEPT_AFTER_MS);
    expect(kept).toEqual([]);
  });
});
