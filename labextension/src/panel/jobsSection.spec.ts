import { IJob } from '../protocol';
import { flushPromises, trans } from '../testing/fakes';
import { JOBS_INTERVAL, JobsSection } from './jobsSection';

const RUNNING: IJob = {
  name: 'team',
  state: 'running',
  phase: 'Training',
  progress: 0.25,
  eta_s: 130,
  step: 10,
  total_steps: 40,
  reason: ''
};

describe('JobsSection', () => {
  let count: number;
  let respond: () => Promise<IJob[]>;
  let section: JobsSection;

  beforeEach(() => {
    jest.useFakeTimers();
    count = 0;
    section = new JobsSection(
      {
        about: () => Promise.reject(new Error()),
        places: () => Promise.reject(new Error()),
        jobs: () => {
          count++;
          return respond();
        }
      },
      trans
    );
  });

  afterEach(() => {
    section.stop();
    jest.useRealTimers();
  });

  async function after(ms: number): Promise<void> {
    jest.advanceTimersByTime(ms);
    await flushPromises();
  }

  it('shows the progress of a job until it is over', async () => {
    respond = () => Promise.resolve([RUNNING]);
    await section.start();
    const progress = section.body.querySelector('progress')!;
    expect(progress.value).toBe(0.25);
    expect(progress.getAttribute('aria-label')).toBe('Progress of team');
    expect(section.body.textContent).toMatch(/Training, about 3 min left/);
    const reason = 'It is better than its base.';
    respond = () =>
      Promise.resolve([{ ...RUNNING, state: 'done', eta_s: null, reason }]);
    await after(JOBS_INTERVAL);
    expect(section.body.querySelector('progress')).toBeNull();
    expect(section.body.textContent).toBe(`team done${reason}`);
    await after(10 * JOBS_INTERVAL);
    expect(count).toBe(2);
  });

  it('shows a job whose end is not known, and one without a reason', async () => {
    respond = () =>
      Promise.resolve([
        { ...RUNNING, eta_s: null },
        { ...RUNNING, name: 'old', state: 'stopped' }
      ]);
    await section.start();
    expect(section.body.textContent).toBe('team runningTrainingold stopped');
  });

  it('says that there are none', async () => {
    respond = () => Promise.resolve([]);
    await section.start();
    expect(section.body.textContent).toBe('There are none.');
  });

  it('shows why there is no list, and asks no more', async () => {
    respond = () => Promise.reject(new Error('Your group may not train.'));
    await section.start();
    expect(section.body.textContent).toBe('Your group may not train.');
    await after(10 * JOBS_INTERVAL);
    expect(count).toBe(1);
  });

  it.each([
    ['after a response', async () => section.start()],
    [
      'before the response',
      async () => {
        const started = section.start();
        section.stop();
        await started;
      }
    ]
  ])('asks no more once it is stopped %s', async (_, start) => {
    respond = () => Promise.resolve([RUNNING]);
    await start();
    section.stop();
    await after(10 * JOBS_INTERVAL);
    expect(count).toBe(1);
  });
});
