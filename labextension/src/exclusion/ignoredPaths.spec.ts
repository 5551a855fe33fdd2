import { IExclusion } from '../protocol';
import { flushPromises } from '../testing/fakes';
import { IgnoredPaths } from './ignoredPaths';

const ALLOWED: IExclusion = { excluded: false, reason: '', remedy: '' };
const EXCLUDED: IExclusion = { excluded: true, reason: 'Off.', remedy: '' };

describe('IgnoredPaths', () => {
  let answer: IExclusion;
  let ask: jest.Mock;
  let changes: number;
  let paths: IgnoredPaths;

  beforeEach(() => {
    jest.useFakeTimers();
    answer = EXCLUDED;
    ask = jest.fn(async () => answer);
    changes = 0;
    paths = new IgnoredPaths(ask);
    paths.changed.connect(() => changes++);
  });

  afterEach(() => {
    paths.dispose();
    jest.useRealTimers();
  });

  it('asks once about each path', async () => {
    expect(paths.exclusion('a')).toBeNull();
    expect(paths.exclusion('a')).toBeNull();
    paths.exclusion('b');
    await flushPromises();
    expect(paths.exclusion('a')).toEqual(EXCLUDED);
    expect(ask.mock.calls).toEqual([['a'], ['b']]);
    expect(changes).toBe(2);
  });

  it('takes a document as allowed about which the server does not answer', async () => {
    ask.mockRejectedValueOnce(new Error('404'));
    paths.exclusion('a');
    await flushPromises();
    expect(paths.exclusion('a')).toEqual(ALLOWED);
  });

  it('keeps the last answer until the next, also after a failure', async () => {
    paths.exclusion('a');
    await flushPromises();
    ask.mockRejectedValueOnce(new TypeError('network'));
    paths.refreshAll();
    await flushPromises();
    expect(paths.exclusion('a')).toEqual(EXCLUDED);
    answer = ALLOWED;
    paths.refreshAll();
    expect(paths.exclusion('a')).toEqual(EXCLUDED);
    await flushPromises();
    expect(paths.exclusion('a')).toEqual(ALLOWED);
    expect(changes).toBe(2);
  });

  it('asks again about one path, not at each call', async () => {
    paths.refresh('a');
    expect(ask).not.toHaveBeenCalled();
    paths.exclusion('a');
    await flushPromises();
    paths.refresh('a');
    expect(ask).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(2000);
    paths.refresh('a');
    paths.refresh('a');
    expect(ask).toHaveBeenCalledTimes(2);
    await flushPromises();
    expect(changes).toBe(1);
  });

  it('asks again in time after the clock was put back', async () => {
    paths.exclusion('a');
    await flushPromises();
    jest.setSystemTime(Date.now() - 3_600_000);
    jest.advanceTimersByTime(2000);
    paths.refresh('a');
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('forgets a document, also while the server is asked', async () => {
    paths.exclusion('a');
    paths.forget('a');
    await flushPromises();
    expect(changes).toBe(0);
    paths.exclusion('a');
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is silent once it is disposed', async () => {
    paths.exclusion('a');
    paths.dispose();
    await flushPromises();
    expect(paths.isDisposed).toBe(true);
    expect(changes).toBe(0);
  });
});
