import { delay } from './delay';

describe('delay', () => {
  let controller: AbortController;

  beforeEach(() => {
    jest.useFakeTimers();
    controller = new AbortController();
  });

  afterEach(() => jest.useRealTimers());

  it('resolves to true after the whole time, not before', async () => {
    const onDone = jest.fn();
    const promise = delay(60, controller.signal).then(onDone);
    await jest.advanceTimersByTimeAsync(59);
    expect(onDone).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    await promise;
    expect(onDone).toHaveBeenCalledWith(true);
  });

  it('resolves to false at an abort, and leaves no timer behind', async () => {
    const promise = delay(60, controller.signal);
    controller.abort();
    expect(await promise).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([0, -5])('does not wait for %d ms', async ms => {
    expect(await delay(ms, controller.signal)).toBe(true);
    controller.abort();
    expect(await delay(ms, controller.signal)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait if the signal is aborted already', async () => {
    controller.abort();
    expect(await delay(60, controller.signal)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });
});
