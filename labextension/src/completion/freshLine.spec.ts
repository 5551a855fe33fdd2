import { Widget } from '@lumino/widgets';

import { ProviderHarness, flushPromises } from '../testing/fakes';
import { FreshLineTrigger, REST_MS, isFreshLine } from './freshLine';
import { ICompletionTarget, ICursorState } from './target';

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

describe('SafeCoderProvider.expectAutomatic', () => {
  const DEBOUNCE = 60;
  let harness: ProviderHarness;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    harness = new ProviderHarness();
  });

  afterEach(() => {
    harness.provider.cancel();
    jest.useRealTimers();
  });

  async function pause(ms = DEBOUNCE): Promise<void> {
    await flushPromises();
    jest.advanceTimersByTime(ms);
    await flushPromises();
  }

  it('pauses before an expected call, which Lab takes for an explicit one', async () => {
    harness.before = 'def area(r):\n    ';
    const state = { text: harness.before, cursor: harness.before.length };
    expect(harness.provider.expectAutomatic(state)).toBe(true);
    harness.invoke();
    await pause(DEBOUNCE - 1);
    expect(harness.responses).toHaveLength(0);
    await pause(1);
    expect(harness.lastResponse.request.options?.trigger).toBe('automatic');
  });

  it('takes a call for explicit if another one was expected', async () => {
    harness.before = 'x = ';
    harness.provider.expectAutomatic({ text: 'x = ', cursor: 0 });
    harness.invoke();
    await flushPromises();
    expect(harness.lastResponse.request.options?.trigger).toBe('explicit');
    harness.provider.expectAutomatic({ text: 'x = y', cursor: 5 });
    harness.before = 'x = y';
    harness.provider.expectAutomatic({ text: 'x = y', cursor: 5 });
    harness.invoke();
    await pause();
    harness.before = 'x = y';
    harness.invoke();
    await flushPromises();
    expect(harness.lastResponse.request.options?.trigger).toBe('explicit');
  });

  it.each(['setting', 'switch'])(
    'expects nothing if the %s is off',
    async name => {
      harness.provider.configure({ freshLine: name !== 'setting' });
      harness.isEnabled = name !== 'switch';
      const expected = harness.provider.expectAutomatic({
        text: '',
        cursor: 0
      });
      expect(expected).toBe(false);
    }
  );
});
