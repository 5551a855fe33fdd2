import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

import { LabSettings } from './labSettings';

describe('LabSettings', () => {
  let settings: {
    changed: Signal<object, void>;
    composite: { providers?: unknown };
    set: jest.Mock;
    user: { providers?: unknown };
  };

  function create(suggestions?: string): LabSettings {
    const own = suggestions ? { suggestions } : {};
    settings.composite.providers = { 'jupyter-safecoder': own };
    return new LabSettings(settings as unknown as ISettingRegistry.ISettings);
  }

  beforeEach(() => {
    settings = {
      changed: new Signal({}),
      composite: {},
      set: jest.fn(async (_, providers) => {
        settings.composite.providers = providers;
      }),
      user: {}
    };
  });

  it.each([
    [undefined, false],
    ['few', false],
    ['manual', true]
  ])('reads %j as on request: %j', (suggestions, isManual) => {
    expect(create(suggestions).isManual).toBe(isManual);
  });

  it('keeps what the user has set beside it', async () => {
    const lab = create('few');
    settings.user.providers = {
      other: { enabled: false },
      'jupyter-safecoder': { debounce: 90 }
    };
    await lab.setManual(true);
    expect(settings.set.mock.calls).toEqual([
      [
        'providers',
        {
          other: { enabled: false },
          'jupyter-safecoder': { debounce: 90, suggestions: 'manual' }
        }
      ]
    ]);
  });

  it('goes back to the amount that was set before', async () => {
    const lab = create('few');
    await lab.setManual(false);
    expect(settings.set).not.toHaveBeenCalled();
    await lab.setManual(true);
    await lab.setManual(false);
    const [, providers] = settings.set.mock.calls[1];
    expect(providers['jupyter-safecoder'].suggestions).toBe('few');
  });

  it('goes back to the default where nothing was set', async () => {
    const lab = create('manual');
    await lab.setManual(false);
    const [[, providers]] = settings.set.mock.calls;
    expect(providers['jupyter-safecoder'].suggestions).toBe('server');
  });

  it('follows changes', () => {
    const onChanged = jest.fn();
    create().follow(onChanged);
    settings.changed.emit();
    expect(onChanged).toHaveBeenCalledTimes(2);
  });

  it('is absent without a registry, and where Lab has no such settings', async () => {
    expect(await LabSettings.load(null)).toBeNull();
    const load = jest.fn(() => Promise.reject(new Error()));
    const registry = { load } as unknown as ISettingRegistry;
    expect(await LabSettings.load(registry)).toBeNull();
    expect(load).toHaveBeenCalledWith(
      '@jupyterlab/completer-extension:inline-completer'
    );
  });
});
