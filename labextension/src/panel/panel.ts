import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { safeCoderIcon } from '../icon';
import { ISuggestionSources } from '../attribution/tokens';
import { IAbout, IPlace } from '../protocol';
import { ISafeCoderStatus } from '../status/tokens';
import { SessionFigures } from '../suggestions/figures';
import { IPanelApi } from './api';
import { FiguresSection } from './figuresSection';
import { JobsSection } from './jobsSection';
import { ModelSection } from './modelSection';
import { PrivacySection } from './privacySection';
import { SourcesSection } from './sourcesSection';

/**
 * The side panel: model, adapters, privacy, jobs, and the figures of this
 * session. While it is hidden it requests and renders nothing.
 */
export class SafeCoderPanel extends Widget {
  /**
   * @param options - What the panel works with.
   */
  constructor(options: SafeCoderPanel.IOptions) {
    super();
    const { api, figures, sources, status, trans } = options;
    this._api = api;
    this._status = status;
    this.id = 'jupyter-safecoder-panel';
    this.addClass('jp-SafeCoder-panel');
    this.title.icon = safeCoderIcon;
    this.title.caption = 'SafeCoder';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('SafeCoder'));
    this.node.tabIndex = 0;
    this._figures = new FiguresSection(figures, trans);
    this._jobs = new JobsSection(api, trans);
    this._model = new ModelSection(status, trans);
    this._privacy = new PrivacySection(trans);
    this._sources = new SourcesSection(sources, trans);
    for (const section of [
      this._figures,
      this._sources,
      this._model,
      this._privacy,
      this._jobs
    ]) {
      this.node.append(section.node);
    }
    status.changed.connect(this._onChanged, this);
    figures.changed.connect(this._onChanged, this);
    sources.changed.connect(this._onChanged, this);
  }

  protected onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.focus();
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    void this._jobs.start();
    void this._load();
    this._render();
  }

  protected onBeforeHide(msg: Message): void {
    this._jobs.stop();
    super.onBeforeHide(msg);
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this.onAfterShow(msg);
    }
  }

  protected onUpdateRequest(msg: Message): void {
    super.onUpdateRequest(msg);
    this._render();
  }

  private _onChanged(): void {
    if (!this.isVisible) {
      return;
    }
    if (this._status.view.model !== this._name) {
      void this._load();
    }
    this.update();
  }

  private async _load(): Promise<void> {
    this._name = this._status.view.model;
    void this._status.loadModels();
    void this._status.loadAdapters();
    const places = this._api.places().catch(() => null);
    this._about = await this._api.about().catch(() => null);
    this._render();
    // The first time it takes a second.
    this._places = await places;
    this._render();
  }

  private _render(): void {
    this._figures.render();
    this._sources.render();
    this._model.render(this._about);
    this._privacy.render(this._about, this._places);
  }

  private _about: IAbout | null = null;
  private _api: IPanelApi;
  private _figures: FiguresSection;
  private _jobs: JobsSection;
  private _model: ModelSection;
  private _name = '';
  private _places: IPlace[] | null = null;
  private _privacy: PrivacySection;
  private _sources: SourcesSection;
  private _status: ISafeCoderStatus;
}

/**
 * A namespace for `SafeCoderPanel` statics.
 */
export namespace SafeCoderPanel {
  /** What the panel works with. */
  export interface IOptions {
    /** Requests what the status lacks. */
    api: IPanelApi;

    /** The figures of this session. */
    figures: SessionFigures;

    /** Where suggestions are from. */
    sources: ISuggestionSources;

    /** The state of SafeCoder. */
    status: ISafeCoderStatus;

    /** Translates texts. */
    trans: TranslationBundle;
  }
}
