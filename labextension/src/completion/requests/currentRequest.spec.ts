import { ICompletionRequest } from '../../protocol';
import { FakeResponse, doneEvent, textEvent, trans } from '../../testing/fakes';
import { CompletionStream } from './completionStream';
import { CurrentRequest } from './currentRequest';

describe('CurrentRequest', () => {
  const request = {
    prefix: 'x',
    options: { trigger: 'automatic' }
  } as ICompletionRequest;
  let current: CurrentRequest;
  let ended: CompletionStream[];
  let response: FakeResponse;
  const reporter = {
    enabled: true,
    onEmpty: jest.fn(),
    onQueued: jest.fn(),
    onProject: jest.fn(),
    onSent: jest.fn(),
    onSettled: jest.fn()
  };

  beforeEach(() => {
    jest.clearAllMocks();
    jest.useFakeTimers({ now: 1_000_000 });
    ended = [];
    current = new CurrentRequest({
      onEnded: stream => void ended.push(stream),
      reporter,
      trans,
      transport: (sent, signal) => {
        response = new FakeResponse(sent, signal);
        return response.events();
      }
    });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('reports a request from its start to its end', async () => {
    expect([current.stream, current.isPaused]).toEqual([null, false]);
    const stream = current.start('key', request);
    expect(current.stream).toBe(stream);
    await response.send({ event: 'queued', position: 2 });
    await response.send(textEvent('y'), doneEvent('yz'));
    expect(reporter.onQueued.mock.calls).toEqual([[2]]);
    expect(reporter.onSent).toHaveBeenCalledTimes(1);
    expect(reporter.onSettled.mock.calls).toEqual([[null]]);
    expect(ended).toEqual([stream]);
    current.abort();
    expect([current.stream, ended.length]).toEqual([null, 1]);
  });

  it('ends an aborted request once', async () => {
    const stream = current.start('key', request);
    current.abort();
    await response.send(doneEvent('y'));
    expect([ended, stream.isAborted, current.stream]).toEqual([
      [stream],
      true,
      null
    ]);
    expect(reporter.onSettled).toHaveBeenCalledTimes(1);
  });

  it.each([
    [{ code: 'queue_full' as const }, 1000],
    [{ code: 'queue_full' as const, retry_after_s: 5 }, 5000],
    [{ code: 'internal' as const, retry_after_s: 99 }, 30_000]
  ])('pauses after a failure: %j', async (error, ms) => {
    current.start('key', request);
    await response.send({ event: 'error', message: 'No.', ...error });
    expect(current.isPaused).toBe(true);
    jest.advanceTimersByTime(ms - 1);
    expect(current.isPaused).toBe(true);
    jest.advanceTimersByTime(1);
    expect(current.isPaused).toBe(false);
  });
});
