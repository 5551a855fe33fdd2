import { flushPromises, suggestionEvent } from '../testing/fakes';
import { IEventSettings } from './api';
import { SuggestionEvents } from './events';
import { ASK_AGAIN_MS, EventReporter, MAX_EVENTS } from './reporter';
import { ISuggestionEvent } from './tokens';

describe('EventReporter', () => {
  let asked: number;
  let events: SuggestionEvents;
  let respond: () => Promise<IEventSettings>;
  let send: jest.Mock<Promise<void>, [readonly ISuggestionEvent[]]>;

  async function after(ms: number): Promise<void> {
    await flushPromises();
    jest.advanceTimersByTime(ms);
    await flushPromises();
  }

  function emit(count: number): void {
    for (let n = 0; n < count; n++) {
      events.emit(suggestionEvent());
    }
  }

  beforeEach(() => {
    jest.useFakeTimers();
    asked = 0;
    respond = () => Promise.resolve({ wanted: true, interval_s: 5 });
    send = jest.fn((_: readonly ISuggestionEvent[]) => Promise.resolve());
    events = new SuggestionEvents();
    new EventReporter(events, {
      settings: () => {
        asked++;
        return respond();
      },
      send
    });
  });

  afterEach(() => jest.useRealTimers());

  it('requests nothing before there is an event', async () => {
    await after(ASK_AGAIN_MS);
    expect(asked).toBe(0);
  });

  it('sends some events at a time, seldom', async () => {
    emit(2);
    await after(4_999);
    expect(send).not.toHaveBeenCalled();
    await after(1);
    expect(send.mock.calls[0][0]).toHaveLength(2);
    emit(1);
    await after(4_999);
    emit(1);
    await after(1);
    expect(send.mock.calls[1][0]).toHaveLength(2);
    await after(60_000);
    expect(send).toHaveBeenCalledTimes(2);
    expect(asked).toBe(1);
  });

  it.each([
    [60, 60_000],
    [0.1, 5_000]
  ])('keeps an interval of %d s', async (interval_s, ms) => {
    respond = () => Promise.resolve({ wanted: true, interval_s });
    emit(1);
    await after(ms - 1);
    expect(send).not.toHaveBeenCalled();
    await after(1);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('sends a bounded number of events', async () => {
    emit(MAX_EVENTS + 50);
    await after(5_000);
    expect(send.mock.calls[0][0]).toHaveLength(MAX_EVENTS);
  });

  it('sends nothing where events are not counted, and asks again after a while', async () => {
    respond = () => Promise.resolve({ wanted: false, interval_s: 60 });
    emit(1);
    await after(60_000);
    emit(1);
    await after(60_000);
    expect([asked, send.mock.calls.length]).toEqual([1, 0]);
    await after(ASK_AGAIN_MS);
    respond = () => Promise.resolve({ wanted: true, interval_s: 5 });
    emit(1);
    await after(5_000);
    expect(asked).toBe(2);
    expect(send.mock.calls[0][0]).toHaveLength(1);
  });

  it('asks again in time after the clock was put back', async () => {
    respond = () => Promise.resolve({ wanted: false, interval_s: 60 });
    emit(1);
    await after(0);
    jest.setSystemTime(Date.now() - 3_600_000);
    await after(ASK_AGAIN_MS);
    emit(1);
    expect(asked).toBe(2);
  });

  it.each([
    ['asked', () => (respond = () => Promise.reject(new Error()))],
    ['sent', () => send.mockRejectedValue(new Error())]
  ])('stops for a while if the server refuses what is %s', async (_, fail) => {
    fail();
    emit(1);
    await after(5_000);
    const before = send.mock.calls.length;
    emit(1);
    await after(60_000);
    expect(asked).toBe(1);
    expect(send).toHaveBeenCalledTimes(before);
  });
});
