import { SNOOZE_MS, Snooze, countdown } from './snooze';

describe('Snooze', () => {
  let changes: number;
  let snooze: Snooze;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = 0;
    snooze = new Snooze();
    snooze.changed.connect(() => void changes++);
  });

  afterEach(() => {
    snooze.end();
    jest.useRealTimers();
  });

  it('counts down, and ends by itself', () => {
    expect(snooze.seconds).toBe(0);
    snooze.start();
    expect(snooze.seconds).toBe(600);
    jest.advanceTimersByTime(1_000);
    expect(snooze.seconds).toBe(599);
    expect(changes).toBe(2);
    jest.advanceTimersByTime(SNOOZE_MS);
    expect(snooze.seconds).toBe(0);
    expect(changes).toBe(601);
  });

  it('ends when the user ends it, once', () => {
    snooze.start();
    snooze.end();
    snooze.end();
    jest.advanceTimersByTime(SNOOZE_MS);
    expect(snooze.seconds).toBe(0);
    expect(changes).toBe(2);
  });

  it('starts again', () => {
    snooze.start();
    jest.advanceTimersByTime(SNOOZE_MS / 2);
    snooze.start();
    expect(snooze.seconds).toBe(600);
  });

  it('ends while the computer sleeps', () => {
    snooze.start();
    jest.setSystemTime(Date.now() + 2 * SNOOZE_MS);
    expect(snooze.seconds).toBe(0);
    jest.advanceTimersByTime(1_000);
    expect(changes).toBe(2);
  });

  it('is never longer than it is, whatever the clock does', () => {
    snooze.start();
    jest.setSystemTime(Date.now() - 100 * SNOOZE_MS);
    expect(snooze.seconds).toBe(600);
  });
});

describe('countdown', () => {
  it.each([
    [600, '10:00'],
    [599, '9:59'],
    [9, '0:09']
  ])('%d: %s', (seconds, text) => {
    expect(countdown(seconds)).toBe(text);
  });
});
