import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory
} from '@jupyterlab/completer';
import { IConsoleTracker } from '@jupyterlab/console';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { ISafeCoderStatus } from '../status/tokens';
import { watchDepartures } from './departures';
import { Dismisser } from './dismiss';
import { siteFinder } from './locate';
import { SafeCoderProvider } from './provider';
import { httpTransport } from './transport';

/**
 * Ghost text in notebooks, consoles and Python files.
 */
export const completionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-safecoder:completion',
  description: 'Suggests what to insert at the cursor, by a private model.',
  autoStart: true,
  requires: [ICompletionProviderManager, ISafeCoderStatus],
  optional: [
    IInlineCompleterFactory,
    INotebookTracker,
    IConsoleTracker,
    IEditorTracker,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    manager: ICompletionProviderManager,
    status: ISafeCoderStatus,
    factory: IInlineCompleterFactory | null,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    editors: IEditorTracker | null,
    settings: ISettingRegistry | null
  ): void => {
    if (!manager.registerInlineProvider) {
      status.nothing('this version of Jupyter cannot show suggestions.');
      return;
    }
    const dismisser = new Dismisser();
    const provider = new SafeCoderProvider({
      findSite: siteFinder({ notebooks, consoles, editors }, editor =>
        dismisser.dismiss(editor)
      ),
      reporter: status,
      transport: httpTransport(app.serviceManager.serverSettings)
    });
    // Lab collects the providers' settings once: nothing is awaited before.
    manager.registerInlineProvider(provider);
    if (factory) {
      void app.started.then(() => dismisser.install(manager, factory));
    }
    watchDepartures(app, notebooks, provider);
    status.changed.connect(() => {
      if (!status.enabled) {
        provider.forget();
        dismisser.dismissAll(provider.identifier);
      }
    });
    if (notebooks) {
      void Private.startWithNotebook(notebooks, status, settings);
    }
  }
};

namespace Private {
  /** Start the runtime when the first notebook opens, if the person likes. */
  export async function startWithNotebook(
    notebooks: INotebookTracker,
    status: ISafeCoderStatus,
    registry: ISettingRegistry | null
  ): Promise<void> {
    const settings = await registry
      ?.load(completionPlugin.id)
      .catch(() => undefined);
    let isDone = false;
    const start = (): void => {
      const isWanted = settings?.composite.startWithNotebook !== false;
      if (!isDone && isWanted && status.enabled && notebooks.size > 0) {
        isDone = true;
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
