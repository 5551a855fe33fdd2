import { IInlineCompletionContext } from '@jupyterlab/completer';
import { Widget } from '@lumino/widgets';

import { WARM_UP_MS, WarmUpTrigger } from './warmUp';

describe('WarmUpTrigger', () => {
  const widget = { id: 'panel' } as Widget;
  let current: Widget | null;
  let isReady: boolean;
  let trigger: WarmUpTrigger;
  let visibility: DocumentVisibilityState;
  let warmed: IInlineCompletionContext[];

  beforeEach(() => {
    jest.useFakeTimers();
    current = widget;
    isReady = true;
    warmed = [];
    trigger = new WarmUpTrigger({
      currentWidget: () => current,
      isReady: () => isReady,
      warm: context => void warmed.push(context)
    });
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('waits until the user stays', () => {
    trigger.schedule();
    jest.advanceTimersByTime(WARM_UP_MS - 1);
    trigger.schedule();
    jest.advanceTimersByTime(WARM_UP_MS - 1);
    expect(warmed).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(warmed.map(context => context.widget)).toEqual([widget]);
    jest.advanceTimersByTime(10 * WARM_UP_MS);
    expect(warmed).toHaveLength(1);
  });

  it('does nothing without a document or a model', () => {
    current = null;
    trigger.schedule();
    jest.runAllTimers();
    current = widget;
    isReady = false;
    trigger.schedule();
    jest.runAllTimers();
    expect(warmed).toEqual([]);
  });

  it('warms once the model has become ready', () => {
    isReady = false;
    trigger.onStatus();
    isReady = true;
    trigger.onStatus();
    jest.runAllTimers();
    trigger.onStatus();
    jest.runAllTimers();
    expect(warmed).toHaveLength(1);
  });

  it('warms when the tab is visible again', () => {
    jest
      .spyOn(document, 'visibilityState', 'get')
      .mockImplementation(() => visibility);
    trigger.connect(document);
    for (visibility of ['hidden', 'visible'] as const) {
      document.dispatchEvent(new Event('visibilitychange'));
      jest.runAllTimers();
      expect(warmed).toHaveLength(visibility === 'visible' ? 1 : 0);
    }
  });
});
