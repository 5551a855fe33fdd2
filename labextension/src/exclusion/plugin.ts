import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import { ISafeCoderStatus } from '../status/tokens';
import { loadTranslations } from '../translation';
import { httpExclusionApi } from './api';
import { Exclusions } from './exclusions';
import { IgnoredPaths } from './ignoredPaths';
import { ExclusionMonitor } from './monitor';
import { IExclusions } from './tokens';

/**
 * Excludes cells by their tags, notebooks by their metadata, and documents by
 * `.safecoderignore`; the status has the reason.
 */
export const exclusionPlugin: JupyterFrontEndPlugin<IExclusions> = {
  id: 'jupyter-safecoder:exclusion',
  description: 'Excludes cells and documents from completions.',
  autoStart: true,
  provides: IExclusions,
  requires: [ISafeCoderStatus],
  optional: [INotebookTracker, IConsoleTracker, IEditorTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    status: ISafeCoderStatus,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    editors: IEditorTracker | null,
    translator: ITranslator | null
  ): IExclusions => {
    const { contents, serverSettings } = app.serviceManager;
    const paths = new IgnoredPaths(httpExclusionApi(serverSettings));
    const exclusions = new Exclusions({
      consoles,
      editors,
      notebooks,
      paths,
      trans: loadTranslations(translator)
    });
    const monitor = new ExclusionMonitor(app.shell, exclusions, paths);
    if (notebooks) {
      monitor.follow(notebooks);
    }
    contents.fileChanged.connect(monitor.onFileChanged, monitor);
    monitor.changed.connect(() => status.setExclusion(monitor.current));
    return monitor;
  }
};
