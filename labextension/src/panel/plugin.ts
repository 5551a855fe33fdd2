import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';

import { ISuggestionSources } from '../attribution/tokens';
import { ISafeCoderStatus } from '../status/tokens';
import { ISuggestionEvents } from '../suggestions/tokens';
import { loadTranslations } from '../translation';
import { httpPanelApi } from './api';
import { SafeCoderPanel } from './panel';

/** The command that opens the side panel. */
export const OPEN_PANEL = 'safecoder:open-panel';

/**
 * A side panel with the model, privacy, jobs and figures.
 */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-safecoder:panel',
  description: 'Shows the model, what goes where, jobs and figures.',
  autoStart: true,
  requires: [ISafeCoderStatus, ISuggestionEvents, ISuggestionSources],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    status: ISafeCoderStatus,
    events: ISuggestionEvents,
    sources: ISuggestionSources,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = loadTranslations(translator);
    const panel = new SafeCoderPanel({
      api: httpPanelApi(app.serviceManager.serverSettings, trans),
      figures: events.figures,
      sources,
      status,
      trans
    });
    // Notebook 7 has side areas too, on the pages with an editor.
    app.shell.add(panel, 'right', { rank: 900 });
    restorer?.add(panel, panel.id);
    app.commands.addCommand(OPEN_PANEL, {
      label: trans.__('SafeCoder: Open the Side Panel'),
      caption: trans.__('Show the model, what goes where, jobs and figures'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(panel.id)
    });
    palette?.addItem({ command: OPEN_PANEL, category: 'SafeCoder' });
  }
};
