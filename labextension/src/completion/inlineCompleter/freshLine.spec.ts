import { Widget } from '@lumino/widgets';

import { FreshLineTrigger, REST_MS, isFreshLine } from './freshLine';
import { ICompletionTarget, ICursorState } from '../editor/target';

describe('isFreshLine', () => {
  it.each([
    ['', true],
    ['x = 1\n|', true],
    ['if x:\n    |', true],
    ['if x:\n  |  \ny', true],
    ['x|', false],
    ['  |x', false],
    ['x\n|y', false]
  ])('%j: %s', (marked, expected) => {
    const cursor = Math.max(marked.indexOf('|'), 0);
    expect(isFreshLine({ text: marked.replace('|', ''), cursor })).toBe(
      expected
    );
  });
});

describe('FreshLineTrigger', () => {
  const widget = { id: 'panel' } as Widget;
  let current: Widget | null;
  let input: HTMLElement;
  let invoked: string[];
  let isWanted: boolean;
  let root: HTMLElement;
  let state: ICursorState | null;
  let target: Partial<ICompletionTarget> | null;

  beforeEach(() => {
    jest.useFakeTimers();
    current = widget;
    invoked = [];
    isWanted = true;
    state = { text: 'def f():\n    ', cursor: 13 };
    target = { document: 'doc', cell: '1', readCursor: () => state };
    root = document.createElement('div');
    root.innerHTML = '<div class="jp-Editor"><b></b></div><i></i>';
    input = root.querySelector('b')!;
    new FreshLineTrigger({
      currentWidget: () => current,
      expect: () => isWanted,
      findTarget: () => target as ICompletionTarget | null,
      invoke: id => void invoked.push(id)
    }).connect(root);
  });

  afterEach(() => jest.useRealTimers());

  function press(key: string, init: KeyboardEventInit = {}): void {
    input.dispatchEvent(new KeyboardEvent('keydown', { key, ...init }));
  }

  it('asks once the editor has handled Enter', () => {
    press('Enter');
    expect(invoked).toEqual([]);
    jest.advanceTimersByTime(0);
    expect(invoked).toEqual(['panel']);
  });

  it.each(['ArrowDown', 'End', 'pointerup', 'focusin'])(
    'asks where the cursor rests after %s',
    event => {
      if (event.startsWith('A') || event === 'End') {
        press(event);
      } else {
        input.dispatchEvent(new Event(event));
      }
      jest.advanceTimersByTime(REST_MS - 1);
      expect(invoked).toEqual([]);
      jest.advanceTimersByTime(1);
      expect(invoked).toEqual(['panel']);
    }
  );

  it.each<[string, KeyboardEventInit]>([
    ['Enter', { shiftKey: true }],
    ['Enter', { ctrlKey: true }],
    ['Enter', { isComposing: true }],
    ['z', { ctrlKey: true }],
    ['Backspace', {}],
    ['Delete', {}],
    ['Escape', {}],
    ['x', {}]
  ])('asks for nothing after %s %j, whatever came before', (key, init) => {
    press('ArrowDown');
    press(key, init);
    jest.advanceTimersByTime(10 * REST_MS);
    expect(invoked).toEqual([]);
  });

  it('asks once at a place, so that what was dismissed stays away', () => {
    for (let round = 0; round < 3; round++) {
      press('ArrowDown');
      jest.advanceTimersByTime(REST_MS);
    }
    expect(invoked).toHaveLength(1);
    state = { text: 'def g():\n    ', cursor: 13 };
    press('ArrowDown');
    jest.advanceTimersByTime(REST_MS);
    expect(invoked).toHaveLength(2);
  });

  it('asks again at a place where nothing was wanted before', () => {
    isWanted = false;
    press('Enter');
    jest.advanceTimersByTime(0);
    expect(invoked).toEqual([]);
    isWanted = true;
    press('Enter');
    jest.advanceTimersByTime(0);
    expect(invoked).toEqual(['panel']);
  });

  it.each(['text', 'cursor', 'target', 'document', 'editor'])(
    'asks for nothing without a fresh line: %s',
    missing => {
      if (missing === 'text') {
        state = { text: 'x', cursor: 1 };
      } else if (missing === 'cursor') {
        state = null;
      } else if (missing === 'target') {
        target = null;
      } else if (missing === 'document') {
        current = null;
      } else {
        input = root.querySelector('i')!;
      }
      press('Enter');
      jest.advanceTimersByTime(REST_MS);
      expect(invoked).toEqual([]);
    }
  );
});
