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
import { ISuggestionEvents } from '../suggestions/tokens';
import { SuggestionTracker } from '../suggestions/tracker';
import { loadTranslations } from '../translation';
import { addAcceptCommands } from './acceptPart';
import { Announcer } from './announcer';
import { cancelOnLeave } from './cancellation';
import { followDocument } from './currentDocument';
import { InlineCompleters } from './inlineCompleters';
import { createFindTarget } from './findTarget';
import { findTargetInMode } from './findTargetInMode';
import { FreshLineTrigger } from './freshLine';
import { LastInput } from './lastInput';
import { SafeCoderProvider } from './provider';
import { httpTransport } from './transport';

/**
 * Shows ghost text in notebooks, consoles and Python files.
 */
export const completionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-safecoder:completion',
  description: 'Completes code at the cursor with a private model.',
  autoStart: true,
  requires: [ICompletionProviderManager, ISafeCoderStatus, ISuggestionEvents],
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
    events: ISuggestionEvents,
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
    const findAny = createFindTarget({ notebooks, consoles, editors }, editor =>
      completers.dismiss(editor)
    );
    const findTarget = findTargetInMode(findAny, status, trans);
    const lastInput = new LastInput();
    const provider: SafeCoderProvider = new SafeCoderProvider({
      findTarget: context => {
        const target = findTarget(context);
        tracker.onFetch(target);
        return target;
      },
      inputKind: () => lastInput.kind,
      reporter: status,
      trans,
      transport: httpTransport(app.serviceManager.serverSettings, trans)
    });
    const tracker = new SuggestionTracker({
      completers,
      events,
      model: () => status.view.model,
      providerId: provider.identifier
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
      expect: (...args) => provider.expectAutomatic(...args),
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
    status.modes.changed.connect(() => {
      provider.cancel();
      completers.dismissAll(provider.identifier);
    });
    followDocument(app, notebooks, findAny, status.modes);
    const announcer = new Announcer(completers, trans);
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
