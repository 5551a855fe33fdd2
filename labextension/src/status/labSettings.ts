import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { JSONObject } from '@lumino/coreutils';

/** The plugin of Lab that has the settings of the providers. */
const PLUGIN = '@jupyterlab/completer-extension:inline-completer';

/** Our id among the providers. */
const PROVIDER = 'jupyter-safecoder';

/** What is chosen where nothing is chosen. */
const DEFAULT = 'server';

/**
 * Whether suggestions come on request only: the field `suggestions` of our
 * provider, in Lab's settings of inline completions.
 */
export class LabSettings {
  /**
   * @param settings - Lab's settings.
   */
  constructor(settings: ISettingRegistry.ISettings) {
    this._settings = settings;
  }

  /**
   * Load the settings; `null` where there are none.
   *
   * Lab extends their schema when its plugin is active: not before the
   * application has started.
   */
  static async load(
    registry: ISettingRegistry | null
  ): Promise<LabSettings | null> {
    try {
      return registry ? new LabSettings(await registry.load(PLUGIN)) : null;
    } catch {
      return null;
    }
  }

  /** Whether suggestions come on request only. */
  get isManual(): boolean {
    return this._suggestions === 'manual';
  }

  /** Call a function now, and when the settings change. */
  follow(onChanged: () => void): void {
    this._settings.changed.connect(onChanged);
    onChanged();
  }

  /** Save whether suggestions come on request only. */
  async setManual(isManual: boolean): Promise<void> {
    if (isManual === this.isManual) {
      return;
    }
    const before = this._suggestions;
    const suggestions = isManual ? 'manual' : this._automatic;
    this._automatic = isManual ? before : this._automatic;
    const all = (this._settings.user.providers ?? {}) as JSONObject;
    const own = (all[PROVIDER] ?? {}) as JSONObject;
    await this._settings.set('providers', {
      ...all,
      [PROVIDER]: { ...own, suggestions }
    });
  }

  private get _suggestions(): string {
    const all = this._settings.composite.providers as JSONObject | undefined;
    const own = all?.[PROVIDER] as JSONObject | undefined;
    return String(own?.suggestions ?? DEFAULT);
  }

  private _automatic = DEFAULT;
  private _settings: ISettingRegistry.ISettings;
}
