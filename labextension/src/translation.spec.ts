import {
  ITranslator,
  TranslationBundle,
  nullTranslator
} from '@jupyterlab/translation';

import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { completionPlugin } from './completion/plugin';
import { panelPlugin } from './panel/plugin';
import { statusPlugin } from './status/plugin';
import { suggestionsPlugin } from './suggestions/plugin';
import { runtimeStatus } from './testing/fakes';
import { describeStatus } from './status/view';
import { loadTranslations } from './translation';

describe('loadTranslations', () => {
  it('loads our domain of the translator', () => {
    const bundle = {
      __: (text: string) => `translated ${text}`
    } as TranslationBundle;
    const translator = {
      load: (domain: string) =>
        domain === 'jupyter_safecoder' ? bundle : nullTranslator.load(domain)
    } as ITranslator;
    const input = {
      enabled: true,
      exclusion: null,
      notice: '',
      queuePosition: 0,
      runtime: runtimeStatus({ state: 'failed' }),
      unreachable: ''
    };
    const view = describeStatus(input, loadTranslations(translator));
    expect(view.label).toBe('translated failed');
    expect(view.startLabel).toBe('translated Restart');
  });

  it('keeps English strings without a translator', () => {
    expect(loadTranslations(null).__('Model: %1', 'smol')).toBe('Model: smol');
  });
});

describe.each([
  completionPlugin,
  panelPlugin,
  statusPlugin,
  suggestionsPlugin
] as ReadonlyArray<JupyterFrontEndPlugin<unknown>>)('plugin $id', plugin => {
  it('takes the translator as the last of its optional services', () => {
    const { activate, optional = [], requires = [] } = plugin;
    expect(optional[optional.length - 1]).toBe(ITranslator);
    expect(activate).toHaveLength(1 + requires.length + optional.length);
  });
});
