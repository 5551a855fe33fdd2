import { ICompletionRequest, Trigger } from '../../protocol';
import {
  FakeResponse,
  doneEvent,
  flushPromises,
  textEvent,
  trans
} from '../../testing/fakes';
import { Background } from './background';
import { CompletionStream } from './completionStream';
import { FetchCall } from './fetchCall';

describe('Background', () => {
  let background: Background;
  let prefetched: CompletionStream[];
  let responses: FakeResponse[];

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    prefetched = [];
    responses = [];
    background = new Background({
      onPrefetched: stream => void prefetched.push(stream),
      trans,
      transport: (request, signal) => {
        const response = new FakeResponse(request, signal);
        responses.push(response);
        return response.events();
      }
    });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  function request(prefix: string, trigger: Trigger): ICompletionRequest {
    return { prefix, options: { trigger } } as ICompletionRequest;
  }

  function prefetch(prefix: string, key = 'key'): void {
    background.prefetch(key, request(prefix, 'prefetch'));
  }

  function warm(prefix: string, key = 'key'): void {
    background.warm(key, request(prefix, 'warm'));
  }

  function callFor(prefix: string, key = 'key'): FetchCall {
    return { key, window: { prefix, suffix: '' } } as FetchCall;
  }

  const last = (): FakeResponse => responses[responses.length - 1];

  it('prefetches once what is under way', async () => {
    prefetch('x = 1');
    prefetch('x = 1');
    expect(responses).toHaveLength(1);
    await last().send(textEvent(' + 2'), doneEvent(' + 2'));
    expect(prefetched.map(stream => stream.text)).toEqual([' + 2']);
    prefetch('x = 12');
    prefetch('x = 12', 'other');
    const [, first, second] = responses;
    expect([first.signal.aborted, second.signal.aborted]).toEqual([
      true,
      false
    ]);
  });

  it('warms a prompt once in a while, and tells nobody', async () => {
    warm('x');
    await last().send(doneEvent(''));
    warm('x');
    expect(responses).toHaveLength(1);
    warm('y');
    warm('y', 'other');
    expect(responses).toHaveLength(3);
    jest.advanceTimersByTime(60_000);
    warm('y', 'other');
    expect(responses).toHaveLength(4);
    expect(prefetched).toEqual([]);
  });

  it.each([
    ['x = 1', 'key', true],
    ['x = ', 'key', false],
    ['x = 1', 'other', false]
  ])('gives its request to the call for %j, %s: %s', (prefix, key, isTaken) => {
    prefetch('x = 1');
    const taken = background.take(callFor(prefix, key));
    expect(taken?.prefix).toBe(isTaken ? 'x = 1' : undefined);
    expect(last().signal.aborted).toBe(!isTaken);
    expect(background.take(callFor(prefix, key))).toBeNull();
  });

  it('gives neither a prompt nor what is complete', async () => {
    warm('x = 1');
    expect(background.take(callFor('x = 1'))).toBeNull();
    expect(last().signal.aborted).toBe(true);
    prefetch('x = 1');
    await last().send(doneEvent(''));
    expect(background.take(callFor('x = 1'))).toBeNull();
  });

  it.each([
    ['x', 'key', true],
    ['x = 1', 'key', true],
    ['x = 2', 'key', false],
    ['x', 'other', false]
  ])('keeps its request for a call at %j, %s: %s', (prefix, key, isKept) => {
    prefetch('x = 1');
    background.keepFor(callFor(prefix, key));
    expect(last().signal.aborted).toBe(!isKept);
  });

  it('keeps no prompt when the user types', () => {
    warm('x');
    background.keepFor(callFor('x'));
    expect(last().signal.aborted).toBe(true);
  });

  it('pauses longer each time that the engine has other things to do', async () => {
    for (const pause of [500, 1000, 2000]) {
      prefetch('x');
      await last().send(doneEvent('', { finish_reason: 'superseded' }));
      const sent = responses.length;
      jest.advanceTimersByTime(pause - 1);
      prefetch('x');
      expect(responses).toHaveLength(sent);
      jest.advanceTimersByTime(1);
    }
    prefetch('x');
    await last().send(doneEvent('y'));
    prefetch('xy');
    await last().disconnect();
    jest.advanceTimersByTime(500);
    prefetch('xyz');
    expect(last().request.prefix).toBe('xyz');
    expect(prefetched).toHaveLength(1);
  });

  it('warms nothing while it prefetches', async () => {
    prefetch('x = 1');
    warm('x');
    expect(responses).toHaveLength(1);
    expect(last().signal.aborted).toBe(false);
    await last().send(doneEvent(''));
    warm('x');
    expect(responses).toHaveLength(2);
  });

  it('warms again what the engine had no time for', async () => {
    warm('x');
    await last().send(doneEvent('', { finish_reason: 'superseded' }));
    warm('x');
    expect(responses).toHaveLength(1);
    jest.advanceTimersByTime(500);
    warm('x');
    expect(responses).toHaveLength(2);
  });

  it('does not pause because the user has cancelled', async () => {
    prefetch('x');
    background.cancel();
    background.cancel();
    await flushPromises();
    prefetch('y');
    expect(last().request.prefix).toBe('y');
  });
});
