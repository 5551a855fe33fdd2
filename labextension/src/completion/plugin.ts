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

import { HoverLabel } from '../attribution/hoverLabel';
import { ISuggestionSources } from '../attribution/tokens';
import { IExclusions } from '../exclusion/tokens';
import { IRequestRecorder } from '../inspector/tokens';
import { ISafeCoderStatus } from '../status/tokens';
import { ISuggestionEvents } from '../suggestions/tokens';
import { SuggestionTracker } from '../suggestions/tracker';
import { loadTranslations } from '../translation';
import { addAcceptCommands } from './inlineCompleter/acceptPart';
import { Alternatives } from './inlineCompleter/alternatives';
import { Announcer } from './inlineCompleter/announcer';
import { cancelOnLeave } from './inlineCompleter/cancellation';
import { followDocument } from './editor/currentDocument';
import { acceptAsUndoStep } from './inlineCompleter/undoStep';
import { InlineCompleters } from './inlineCompleter/inlineCompleters';
import { DocumentContexts } from './context/documentContexts';
import { createFindTarget } from './context/findTarget';
import { findTargetInMode } from './context/findTargetInMode';
import { FreshLineTrigger } from './inlineCompleter/freshLine';
import { httpKernelApi } from './kernel/kernelApi';
import { LastInput } from './editor/lastInput';
import { alignOnEntry } from './editor/lineEnds';
import { RemoteChanges } from './editor/remoteChanges';
import { NotebookKernels } from './kernel/notebookKernels';
import { ProjectRequests } from './context/project';
import { httpProjectTransport } from './context/projectTransport';
import { SafeCoderProvider } from './provider';
import { httpTransport } from './requests/transport';
import { WarmUpTrigger } from './requests/warmUp';

/**
 * Shows ghost text in notebooks, consoles and files of code.
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
    IExclusions,
    IRequestRecorder,
    ISuggestionSources,
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
    exclusions: IExclusions | null,
    recorder: IRequestRecorder | null,
    sources: ISuggestionSources | null,
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
    const contexts = new DocumentContexts();
    const kernels = new NotebookKernels(
      notebooks,
      httpKernelApi(app.serviceManager.serverSettings),
      () => status.enabled && provider.sources.kernel
    );
    const remoteChanges = new RemoteChanges();
    for (const documents of [notebooks, editors]) {
      documents?.widgetAdded.connect((_, { context }) =>
        remoteChanges.follow(context.model.sharedModel)
      );
    }
    const findAny = createFindTarget(
      { notebooks, consoles, editors },
      editor => completers.dismiss(editor),
      contexts,
      kernels,
      remoteChanges,
      widget => exclusions?.isExcluded(widget) ?? false
    );
    const findTarget = findTargetInMode(findAny, status, trans);
    const lastInput = new LastInput(() => completers.visible() !== null);
    let transport = httpTransport(app.serviceManager.serverSettings, trans);
    transport = exclusions?.watch(transport) ?? transport;
    transport = recorder?.wrap(transport) ?? transport;
    transport = sources?.wrap(transport) ?? transport;
    const provider: SafeCoderProvider = new SafeCoderProvider({
      findTarget: context => {
        const target = findTarget(context);
        tracker.onFetch(target);
        return target;
      },
      inputKind: () => lastInput.kind,
      reporter: status,
      trans,
      transport
    });
    const tracker = new SuggestionTracker({
      completers,
      events,
      model: () => status.view.model,
      providerId: provider.identifier
    });
    // Lab collects the settings of the providers once, so register at once.
    manager.registerInlineProvider(provider);
    acceptAsUndoStep(completers);
    addAcceptCommands(app, completers, palette, trans);
    if (factory) {
      void app.started.then(() => completers.install(manager, factory));
    }
    cancelOnLeave(app, notebooks, provider, completers);
    if (notebooks) {
      const requests = new ProjectRequests({
        contexts,
        isEnabled: panel =>
          status.enabled && !(exclusions?.isExcluded(panel) ?? false),
        openPaths: () => Private.openPaths(notebooks, editors),
        report: error => status.onProject(error),
        send: httpProjectTransport(app.serviceManager.serverSettings, trans),
        sources: () => provider.sources
      });
      requests.connect(notebooks);
      Private.whenTurnedOn(status, () => requests.requestCurrent(notebooks));
    }
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
    status.modes.changed.connect(() => {
      provider.cancel();
      completers.dismissAll(provider.identifier);
    });
    followDocument(app, notebooks, findAny, status.modes);
    exclusions?.changed.connect(() => {
      if (exclusions.current) {
        provider.reset();
        completers.dismissAll(provider.identifier);
      }
      // Until the server has answered, every document is excluded.
      status.modes.update();
      warmUp.schedule();
    });
    const announcer = new Announcer(completers, trans, sources);
    if (sources) {
      new HoverLabel(completers, sources, trans);
    }
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

  /** Call a function whenever completions are turned on. */
  export function whenTurnedOn(
    status: ISafeCoderStatus,
    callback: () => void
  ): void {
    let wasEnabled = status.enabled;
    status.changed.connect(() => {
      if (status.enabled && !wasEnabled) {
        callback();
      }
      wasEnabled = status.enabled;
    });
  }

  /** The paths of the open notebooks and files. */
  export function openPaths(
    notebooks: INotebookTracker,
    editors: IEditorTracker | null
  ): string[] {
    const paths: string[] = [];
    notebooks.forEach(panel => paths.push(panel.context.path));
    editors?.forEach(widget => paths.push(widget.context.path));
    return paths;
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
