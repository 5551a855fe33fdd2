import { FakeKernel, FakeSession } from '../../testing/fakeKernel';
import { flushPromises } from '../../testing/fakes';
import { KernelWatcher, REST_MS } from './kernelWatcher';

describe('KernelWatcher', () => {
  let session: FakeSession;
  let watcher: KernelWatcher;
  let lost: number;
  let rested: number;

  async function wait(ms = REST_MS): Promise<void> {
    jest.advanceTimersByTime(ms);
    await flushPromises();
  }

  function watch(): void {
    watcher?.dispose();
    watcher = new KernelWatcher(session.asLab);
    watcher.rested.connect(() => void rested++);
    watcher.lost.connect(() => void lost++);
  }

  beforeEach(() => {
    jest.useFakeTimers();
    session = new FakeSession();
    lost = rested = 0;
    watch();
  });

  afterEach(() => {
    watcher.dispose();
    jest.useRealTimers();
  });

  it('reports once after it was opened', async () => {
    await wait(REST_MS - 1);
    expect(rested).toBe(0);
    await wait(1);
    await wait(10 * REST_MS);
    expect(rested).toBe(1);
  });

  it('reports once after "run all"', async () => {
    await wait();
    for (let cell = 0; cell < 500; cell++) {
      session.execute();
      await wait(REST_MS / 10);
    }
    expect(rested).toBe(1);
    await wait();
    await wait();
    expect(rested).toBe(2);
  });

  it('does not report what was no execution', async () => {
    await wait();
    session.setStatus('busy');
    session.send('comm_msg');
    session.setStatus('idle');
    await wait();
    expect(rested).toBe(1);
  });

  it('does not report a busy kernel', async () => {
    session.setStatus('busy');
    await wait();
    expect(rested).toBe(0);
    expect(watcher.idleKernel).toBeNull();
    session.setStatus('idle');
    await wait();
    expect(rested).toBe(1);
    expect(watcher.idleKernel).toBe(session.session!.kernel);
  });

  it('does not report a kernel that became busy meanwhile', async () => {
    let resolve: (info: object) => void = () => undefined;
    session.session!.kernel.info = new Promise(done => (resolve = done));
    await wait();
    session.setStatus('busy');
    resolve({ implementation: 'ipython', language_info: { name: 'python' } });
    await flushPromises();
    expect(rested).toBe(0);
    session.setStatus('idle');
    await wait();
    expect(rested).toBe(1);
  });

  it('reports a restarted kernel again, and that its names are lost', async () => {
    await wait();
    session.setStatus('restarting');
    expect(lost).toBe(1);
    session.setStatus('idle');
    await wait();
    expect(rested).toBe(2);
    session.setStatus('autorestarting');
    expect(lost).toBe(2);
  });

  it('reports another kernel', async () => {
    await wait();
    session.session = { kernel: new FakeKernel() };
    session.kernelChanged.emit();
    expect(lost).toBe(1);
    await wait();
    expect(rested).toBe(2);
  });

  it.each([
    ['ir', 'R'],
    ['julia', 'julia'],
    ['PySpark', 'python']
  ])('does not report a kernel of %s', async (implementation, language) => {
    session.session = { kernel: new FakeKernel(implementation, language) };
    watch();
    await wait();
    expect(rested).toBe(0);
  });

  it('survives a kernel that dies or says nothing of itself', async () => {
    session.session!.kernel.info = Promise.reject(new Error('gone'));
    await wait();
    expect(rested).toBe(0);
    session.execute();
    session.session!.kernel.status = 'dead';
    await wait();
    session.session = null;
    session.kernelChanged.emit();
    await wait();
    expect(rested).toBe(0);
  });

  it('reports nothing once it is disposed', async () => {
    watcher.dispose();
    session.execute();
    await wait();
    expect([rested, watcher.isDisposed]).toEqual([0, true]);
  });
});
