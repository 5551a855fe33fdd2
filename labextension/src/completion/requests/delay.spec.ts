import { delay, retryDelay } from './delay';

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

describe('retryDelay', () => {
  it.each([
    ['internal', undefined, 0],
    ['queue_full', undefined, 1_000],
    ['not_ready', 5, 5_000],
    ['queue_full', 3600, 30_000]
  ] as const)('of %s, to retry after %s s, is %s ms', (code, after, ms) => {
    const error = { event: 'error', code, message: '' } as const;
    expect(retryDelay({ ...error, retry_after_s: after })).toBe(ms);
  });
});
