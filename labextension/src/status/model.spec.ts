import { IAdapters, IModels, IRuntimeStatus } from '../protocol';
import {
  createModes,
  flushPromises,
  runtimeStatus,
  trans
} from '../testing/fakes';
import { SafeCoderStatus, THINKING_MS } from './model';
import { SNOOZE_MS } from './snooze';
import { tooltipOf } from './view';

const ADAPTERS: IAdapters = { adapters: [], selected: '', may_switch: true };
const MODELS: IModels = { models: [], selected: 'auto', may_download: false };

describe('SafeCoderStatus', () => {
  let respond: () => Promise<IRuntimeStatus>;
  let respondAdapters: () => Promise<IAdapters>;
  let respondModels: () => Promise<IModels>;
  let sent: string[];
  let saved: boolean[];
  let status: SafeCoderStatus;

  async function after(ms: number): Promise<void> {
    for (let i = 0; i < 4; i++) {
      await flushPromises();
      jest.advanceTimersByTime(ms / 4);
    }
    await flushPromises();
  }

  beforeEach(() => {
    jest.useFakeTimers();
    respond = () => Promise.resolve(runtimeStatus());
    respondAdapters = () => Promise.resolve(ADAPTERS);
    respondModels = () => Promise.resolve(MODELS);
    sent = [];
    saved = [];
    const record = (name: string) => () => {
      sent.push(name);
      return respond();
    };
    status = new SafeCoderStatus({
      api: {
        status: record('status'),
        start: record('start'),
        models: () => respondModels(),
        useModel: name => record(`use ${name}`)(),
        restart: record('restart'),
        adapters: () => respondAdapters(),
        useAdapter: name => record(`use adapter ${name}`)()
      },
      modes: createModes().modes,
      save: enabled => {
        saved.push(enabled);
        return Promise.resolve();
      },
      trans
    });
  });

  it('has the models once they were requested', async () => {
    expect(status.models).toBeNull();
    await status.loadModels();
    expect(status.models).toEqual(MODELS);
    respondModels = () => Promise.reject(new Error('There is no such page.'));
    await status.loadModels();
    expect(status.models).toBeNull();
    expect(status.view.notice).toBe('');
  });

  it('shows that nothing is completed where the user is', async () => {
    status.applySetting(true);
    await after(200);
    let changes = 0;
    status.changed.connect(() => changes++);
    const exclusion = { excluded: true, reason: 'A tag.', remedy: '' };
    status.setExclusion(exclusion);
    status.setExclusion({ ...exclusion });
    expect(status.view).toMatchObject({ label: 'off here', reason: 'A tag.' });
    expect(changes).toBe(1);
    status.setExclusion(null);
    expect(status.view.label).toBe('ready');
  });

  it('polls often while another model is loaded', async () => {
    status.applySetting(true);
    await after(200);
    let finish: (status: IRuntimeStatus) => void = () => undefined;
    respond = () =>
      new Promise(resolve => {
        finish = resolve;
      });
    const switched = status.useModel('large');
    expect(status.isSwitching).toBe(true);
    const use = finish;
    respond = () => Promise.resolve(runtimeStatus({ reason: 'Loading.' }));
    await after(2_000);
    await after(2_000);
    expect(status.view.reason).toBe('Loading.');
    respond = () => Promise.resolve(runtimeStatus({ reason: 'It is large.' }));
    use(await respond());
    await switched;
    expect(status.isSwitching).toBe(false);
    expect(status.view.reason).toBe('It is large.');
    expect(sent).toContain('use large');
    await after(2_000);
    const before = sent.length;
    await after(10_000);
    expect(sent.length - before).toBeLessThanOrEqual(1);
  });

  it('has the adapters, and uses another one', async () => {
    expect(status.adapters).toBeNull();
    await status.loadAdapters();
    expect(status.adapters).toEqual(ADAPTERS);
    await status.useAdapter('team');
    expect(sent).toContain('use adapter team');
    respondAdapters = () => Promise.reject(new Error('There is no page.'));
    await status.loadAdapters();
    expect(status.adapters).toBeNull();
  });

  it('restarts the runtime, also if it is ready', async () => {
    status.applySetting(true);
    await after(200);
    respond = () => Promise.resolve(runtimeStatus({ state: 'starting' }));
    await status.restart();
    expect(sent).toContain('restart');
    expect(status.view.state).toBe('starting');
    respond = () => Promise.reject(new Error('Not on a Hub.'));
    await status.restart();
    expect(status.view.reason).toBe('Not on a Hub.');
  });

  it('knows the model and the engine once there is a status', async () => {
    expect([status.model, status.engine]).toEqual([null, '']);
    status.applySetting(true);
    await after(200);
    expect(status.engine).toBe('scripted, CPU');
  });

  it('pauses completions until the pause ends or is ended', async () => {
    status.applySetting(true);
    await after(200);
    status.snooze.start();
    expect(status.enabled).toBe(false);
    expect(status.view.state).toBe('off');
    expect(status.view.label).toBe('paused 10:00');
    jest.advanceTimersByTime(SNOOZE_MS);
    expect(status.enabled).toBe(true);
    expect(status.view.label).toBe('ready');
    status.snooze.start();
    await status.setEnabled(true);
    expect(status.enabled).toBe(true);
  });

  it('shows that it thinks, but not for a moment', async () => {
    status.applySetting(true);
    await after(200);
    status.onSent();
    jest.advanceTimersByTime(THINKING_MS - 1);
    expect(status.view.label).toBe('ready');
    jest.advanceTimersByTime(1);
    expect(status.view.label).toBe('thinking');
    status.onSettled(null);
    expect(status.view.label).toBe('ready');
  });

  it('shows why another model cannot be served', async () => {
    respond = () => Promise.reject(new Error('It is too large.'));
    await status.useModel('large');
    expect(status.isSwitching).toBe(false);
    expect(status.view.notice).toBe('It is too large.');
  });

  afterEach(() => {
    status.dispose();
    jest.useRealTimers();
  });

  it('sends nothing until it is known that completions are on', async () => {
    await after(120_000);
    await status.start();
    expect(status.enabled).toBe(false);
    expect(sent).toEqual([]);
  });

  it('polls often while the runtime starts and seldom when it is ready', async () => {
    respond = () =>
      Promise.resolve(runtimeStatus({ state: 'downloading', progress: 0.427 }));
    status.applySetting(true);
    await after(200);
    expect(status.view.label).toBe('downloading 42 %');
    await after(2_000);
    await after(2_000);
    const whileStarting = sent.length;
    expect(whileStarting).toBeGreaterThanOrEqual(3);
    respond = () => Promise.resolve(runtimeStatus());
    await after(2_000);
    expect(status.view.label).toBe('ready');
    const whenReady = sent.length;
    await after(10_000);
    expect(sent.length - whenReady).toBeLessThanOrEqual(1);
  });

  it('stays off when turned off, and shows that it is off', async () => {
    status.applySetting(true);
    await after(200);
    await status.setEnabled(false);
    const before = sent.length;
    await after(120_000);
    expect(sent).toHaveLength(before);
    expect(saved).toEqual([false]);
    expect(status.view).toMatchObject({ state: 'off', startLabel: '' });
    expect(status.view.reason).toMatch(/turned completions off/);
  });

  it('emits a failure once, until the state changes', async () => {
    const seen: string[] = [];
    status.failed.connect((_, view) => void seen.push(view.reason));
    respond = () =>
      Promise.resolve(
        runtimeStatus({
          state: 'failed',
          reason: 'No memory.',
          remedy: 'Buy some.'
        })
      );
    status.applySetting(true);
    await after(60_000);
    await after(60_000);
    expect(seen).toEqual(['No memory.']);
    expect(status.view.startLabel).toBe('Restart');
    expect(tooltipOf(status.view, trans)).toContain('No memory. Buy some.');
  });

  it('starts the runtime, and polls its state', async () => {
    status.applySetting(true);
    await after(200);
    sent.length = 0;
    respond = () => Promise.resolve(runtimeStatus({ state: 'starting' }));
    await status.start();
    expect(sent).toEqual(['start']);
    expect(status.view.state).toBe('starting');
    await after(200);
    expect(sent).toEqual(['start', 'status']);
  });

  it('shows why the runtime could not be started', async () => {
    status.applySetting(true);
    await after(200);
    respond = () => Promise.reject(new Error('You are not logged in.'));
    await status.start();
    expect(status.view).toMatchObject({
      state: 'unreachable',
      reason: 'You are not logged in.'
    });
  });

  it('neither polls nor emits after it is disposed', async () => {
    status.applySetting(true);
    await after(200);
    const emitted = jest.fn();
    status.changed.connect(emitted);
    let resolve: (status: IRuntimeStatus) => void = () => undefined;
    respond = () => new Promise(callback => (resolve = callback));
    const started = status.start();
    const count = sent.length;
    status.dispose();
    expect(status.isDisposed).toBe(true);
    resolve(runtimeStatus({ state: 'failed' }));
    await started;
    await after(60_000);
    expect(sent).toHaveLength(count);
    expect(emitted).not.toHaveBeenCalled();
  });

  it('shows a lost connection and recovers', async () => {
    status.applySetting(true);
    await after(200);
    respond = () => Promise.reject(new TypeError('fetch'));
    status.refresh();
    await after(200);
    expect(status.view.state).toBe('unreachable');
    expect(status.view.reason).toBe('The Jupyter server does not respond.');
    respond = () => Promise.resolve(runtimeStatus());
    status.refresh();
    await after(2_000);
    expect(status.view.state).toBe('ready');
  });

  it.each([1, 2, 3, 4, 11, 22])('shows position %d in the queue', async n => {
    status.applySetting(true);
    await after(200);
    status.onSent();
    status.onQueued(n);
    expect(status.view.label).toBe(`busy (position ${n} in queue)`);
    status.onSettled(null);
    expect(status.view.label).toBe('ready');
  });

  it('keeps the reason of an error until the next request', async () => {
    status.applySetting(true);
    status.onSettled({
      event: 'error',
      code: 'queue_full',
      message: 'Full.',
      remedy: 'Wait.'
    });
    expect(status.view.notice).toBe('Full. Wait.');
    status.onSent();
    expect(status.view.notice).toBe('');
    status.onEmpty('blank.');
    expect(status.view.notice).toBe('No completion: blank.');
  });

  it('shows why prompts have nothing of the project', () => {
    status.applySetting(true);
    const emitted = jest.fn();
    status.changed.connect(emitted);
    status.onProject('You are not logged in.');
    expect(status.view.notice).toBe(
      'Without modules and other files: You are not logged in.'
    );
    expect(emitted).toHaveBeenCalledTimes(1);
    status.onEmpty('blank.');
    expect(status.view.notice).toBe('No completion: blank.');
    status.onSent();
    status.onProject('');
    expect(status.view.notice).toBe('');
  });

  it('does not emit when nothing has changed', async () => {
    status.applySetting(true);
    await after(200);
    const emitted = jest.fn();
    status.changed.connect(emitted);
    status.onSent();
    status.onSettled(null);
    await after(60_000);
    expect(emitted).not.toHaveBeenCalled();
  });
});
