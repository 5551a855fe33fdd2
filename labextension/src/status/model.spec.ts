import { IRuntimeStatus } from '../protocol';
import { runtime, settle } from '../testing/fakes';
import { SafeCoderStatus } from './model';
import { tooltipOf } from './view';

describe('SafeCoderStatus', () => {
  let answer: () => Promise<IRuntimeStatus>;
  let asked: string[];
  let saved: boolean[];
  let status: SafeCoderStatus;

  async function after(ms: number): Promise<void> {
    for (let i = 0; i < 4; i++) {
      await settle();
      jest.advanceTimersByTime(ms / 4);
    }
    await settle();
  }

  beforeEach(() => {
    jest.useFakeTimers();
    answer = () => Promise.resolve(runtime());
    asked = [];
    saved = [];
    const ask = (name: string) => () => {
      asked.push(name);
      return answer();
    };
    status = new SafeCoderStatus({
      api: { status: ask('status'), start: ask('start') },
      save: enabled => {
        saved.push(enabled);
        return Promise.resolve();
      }
    });
  });

  afterEach(() => {
    status.dispose();
    jest.useRealTimers();
  });

  it('asks nothing before it is known that completions are on', async () => {
    await after(120_000);
    await status.start();
    expect(status.enabled).toBe(false);
    expect(asked).toEqual([]);
  });

  it('asks often on the way up and seldom when ready', async () => {
    answer = () =>
      Promise.resolve(runtime({ state: 'downloading', progress: 0.427 }));
    status.load(true);
    await after(200);
    expect(status.view.label).toBe('downloading 42 %');
    await after(2_000);
    await after(2_000);
    const often = asked.length;
    expect(often).toBeGreaterThanOrEqual(3);
    answer = () => Promise.resolve(runtime());
    await after(2_000);
    expect(status.view.label).toBe('ready');
    const ready = asked.length;
    await after(10_000);
    expect(asked.length - ready).toBeLessThanOrEqual(1);
  });

  it('is off for good when turned off, and says so', async () => {
    status.load(true);
    await after(200);
    await status.setEnabled(false);
    const before = asked.length;
    await after(120_000);
    expect(asked).toHaveLength(before);
    expect(saved).toEqual([false]);
    expect(status.view).toMatchObject({ state: 'off', startLabel: '' });
    expect(status.view.reason).toMatch(/turned completions off/);
  });

  it('tells a failure once, until it has been left', async () => {
    const seen: string[] = [];
    status.failed.connect((_, view) => void seen.push(view.reason));
    answer = () =>
      Promise.resolve(
        runtime({ state: 'failed', reason: 'No memory.', remedy: 'Buy some.' })
      );
    status.load(true);
    await after(60_000);
    await after(60_000);
    expect(seen).toEqual(['No memory.']);
    expect(status.view.startLabel).toBe('Restart');
    expect(tooltipOf(status.view)).toContain('No memory. Buy some.');
  });

  it('names a lost connection and comes back', async () => {
    status.load(true);
    await after(200);
    answer = () => Promise.reject(new TypeError('fetch'));
    status.refresh();
    await after(200);
    expect(status.view.state).toBe('unreachable');
    expect(status.view.reason).toBe('The Jupyter server does not answer.');
    answer = () => Promise.resolve(runtime());
    status.refresh();
    await after(2_000);
    expect(status.view.state).toBe('ready');
  });

  it.each([
    [1, '1st'],
    [2, '2nd'],
    [3, '3rd'],
    [4, '4th'],
    [11, '11th'],
    [22, '22nd']
  ])('shows place %d of the queue', async (place, word) => {
    status.load(true);
    await after(200);
    status.asked();
    status.queued(place);
    expect(status.view.label).toBe(`busy (${word} in queue)`);
    status.answered(null);
    expect(status.view.label).toBe('ready');
  });

  it('keeps the reason of an error until the next request', async () => {
    status.load(true);
    status.answered({
      event: 'error',
      code: 'queue_full',
      message: 'Full.',
      remedy: 'Wait.'
    });
    expect(status.view.notice).toBe('Full. Wait.');
    status.asked();
    expect(status.view.notice).toBe('');
    status.nothing('blank.');
    expect(status.view.notice).toBe('No suggestion here: blank.');
  });

  it('does not emit when nothing has changed', async () => {
    status.load(true);
    await after(200);
    const emitted = jest.fn();
    status.changed.connect(emitted);
    status.asked();
    status.answered(null);
    await after(60_000);
    expect(emitted).not.toHaveBeenCalled();
  });
});
