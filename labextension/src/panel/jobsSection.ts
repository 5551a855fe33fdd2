import { TranslationBundle } from '@jupyterlab/translation';

import { IJob } from '../protocol';
import { IPanelApi } from './api';
import { Section, createText } from './section';

/** Milliseconds between two requests while a job is unfinished. */
export const JOBS_INTERVAL = 5_000;

/** The states of a job that does not go on by itself. */
const OVER = ['stopped', 'failed', 'done'];

/**
 * The training jobs, with their progress.
 */
export class JobsSection extends Section {
  /**
   * @param api - Requests the jobs.
   * @param trans - Translates texts.
   */
  constructor(api: IPanelApi, trans: TranslationBundle) {
    super('jobs', trans.__('Training jobs'));
    this._api = api;
    this._trans = trans;
  }

  /** Request the jobs, and again while one of them is unfinished. */
  async start(): Promise<void> {
    this.stop();
    this._isStopped = false;
    try {
      const jobs = await this._api.jobs();
      this._render(jobs);
      if (!this._isStopped && jobs.some(({ state }) => !OVER.includes(state))) {
        this._timer = setTimeout(() => void this.start(), JOBS_INTERVAL);
      }
    } catch (error) {
      const reason = (error as Error).message;
      this.show(reason, () => [createText(reason)]);
    }
  }

  /** Request nothing any more: the panel is hidden. */
  stop(): void {
    this._isStopped = true;
    clearTimeout(this._timer);
  }

  private _render(jobs: readonly IJob[]): void {
    this.show(jobs, () => {
      if (jobs.length === 0) {
        return [createText(this._trans.__('There are none.'))];
      }
      const list = document.createElement('ul');
      list.append(...jobs.map(job => this._createRow(job)));
      return [list];
    });
  }

  private _createRow(job: IJob): HTMLElement {
    const { _trans: trans } = this;
    const row = document.createElement('li');
    const name = document.createElement('strong');
    name.textContent = job.name;
    row.append(name, ` ${job.state}`);
    if (!OVER.includes(job.state)) {
      const progress = document.createElement('progress');
      progress.value = job.progress;
      progress.setAttribute('aria-label', trans.__('Progress of %1', job.name));
      const minutes = job.eta_s === null ? null : Math.ceil(job.eta_s / 60);
      const left =
        minutes === null ? '' : trans.__('about %1 min left', minutes);
      row.append(
        progress,
        createText([job.phase, left].filter(Boolean).join(', '))
      );
    } else if (job.reason) {
      row.append(createText(job.reason));
    }
    return row;
  }

  private _api: IPanelApi;
  private _isStopped = true;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _trans: TranslationBundle;
}
