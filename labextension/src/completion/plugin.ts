import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory
} from '@jupyterlab/completer';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';

import { ISafeCoderStatus } from '../status/tokens';
import { loadTranslations } from '../translation';
import { addAcceptCommands } from './acceptPart';
import { Alternatives } from './alternatives';
import { Announcer } from './announcer';
import { cancelOnLeave } from './cancellation';
import { InlineCompleters } from './inlineCompleters';
import { createFindTarget } from './findTarget';
import { FreshLineTrigger } from './freshLine';
import { LastInput } from './lastInput';
import { alignOnEntry } from './lineEnds';
import { SafeCoderProvider } from './provider';
import { httpTransport } from './transport';
import { WarmUpTrigger } from './warmUp';

/**
 * Shows ghost text in notebooks, consoles and files of code.
 */
export const completionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-safecoder:completion',
  description: 'Completes code at the cursor with a private model.',
  autoStart: true,
  requires: [ICompletionProviderManager, ISafeCoderStatus],
  optional: [
    IInlineCompleterFactory,
    INotebookTracker,
    IConsoleTracker,
    IEditorTracker,
    ISettingRegistry,
    ICommandPalette,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    manager: ICompletionProviderManager,
    status: ISafeCoderStatus,
    factory: IInlineCompleterFactory | null,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    editors: IEditorTracker | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = loadTranslations(translator);
    if (!manager.registerInlineProvider) {
      status.onEmpty(
        trans.__('this version of Jupyter cannot show completions.')
      );
      return;
    }
    const completers = new InlineCompleters();
    const findTarget = createFindTarget(
      { notebooks, consoles, editors },
      editor => completers.dismiss(editor)
    );
    const lastInput = new LastInput(() => completers.visible() !== null);
    const provider = new SafeCoderProvider({
      findTarget,
      inputKind: () => lastInput.kind,
      reporter: status,
      trans,
      transport: httpTransport(app.serviceManager.serverSettings, trans)
    });
    // Lab collects the settings of the providers once, so register at once.
    manager.registerInlineProvider(provider);
    addAcceptCommands(app, completers, palette, trans);
    if (factory) {
      void app.started.then(() => completers.install(manager, factory));
    }
    cancelOnLeave(app, notebooks, provider, completers);
    lastInput.connect(window);
    const trigger = new FreshLineTrigger({
      currentWidget: () => app.shell.currentWidget,
      expect: (state, isFreshLine) =>
        provider.expectAutomatic(state, isFreshLine),
      findTarget,
      invoke: id => manager.inline?.invoke(id)
    });
    trigger.connect(document);
    lastInput.composed.connect(() => trigger.ask());
    status.changed.connect(() => {
      if (!status.enabled) {
        provider.reset();
        completers.dismissAll(provider.identifier);
      }
    });
    const warmUp = new WarmUpTrigger({
      currentWidget: () => app.shell.currentWidget,
      isReady: () => ['ready', 'busy'].includes(status.view.state),
      warm: context => provider.warm(context)
    });
    warmUp.connect(document);
    app.shell.currentChanged?.connect(() => warmUp.schedule());
    status.changed.connect(() => warmUp.onStatus());
    if (notebooks) {
      alignOnEntry(notebooks);
      notebooks.activeCellChanged.connect(() => warmUp.schedule());
    }
    const alternatives = new Alternatives(completers, provider);
    const announcer = new Announcer(completers, trans);
    alternatives.cycled.connect(() => announcer.update());
    document.body.append(announcer.node);
    void Private.loadSettings(settings).then(loaded => {
      const apply = (): void => {
        announcer.isEnabled = loaded?.composite.announce !== false;
      };
      loaded?.changed.connect(apply);
      apply();
      if (notebooks) {
        Private.startWithNotebook(notebooks, status, loaded);
      }
    });
  }
};

namespace Private {
  /** The settings of the plugin, where there are any. */
  export async function loadSettings(
    registry: ISettingRegistry | null
  ): Promise<ISettingRegistry.ISettings | undefined> {
    return registry?.load(completionPlugin.id).catch(() => undefined);
  }

  /** Start the runtime when the first notebook opens, if the setting is on. */
  export function startWithNotebook(
    notebooks: INotebookTracker,
    status: ISafeCoderStatus,
    settings: ISettingRegistry.ISettings | undefined
  ): void {
    const start = (): void => {
      const isSet = settings?.composite.startWithNotebook !== false;
      if (isSet && status.enabled && notebooks.size > 0) {
        notebooks.widgetAdded.disconnect(start);
        status.changed.disconnect(start);
        void status.start();
      }
    };
    notebooks.widgetAdded.connect(start);
    status.changed.connect(start);
    start();
  }
}
