import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';

import { loadTranslations } from '../translation';
import { httpEventsApi } from './api';
import { SuggestionEvents } from './events';
import { EventReporter } from './reporter';
import { ISuggestionEvents } from './tokens';

/**
 * Counts what happens to suggestions, and reports it where it is wanted.
 */
export const suggestionsPlugin: JupyterFrontEndPlugin<ISuggestionEvents> = {
  id: 'jupyter-safecoder:suggestions',
  description: 'Counts what happens to suggestions; never their text.',
  autoStart: true,
  provides: ISuggestionEvents,
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null
  ): ISuggestionEvents => {
    const events = new SuggestionEvents();
    const { serverSettings } = app.serviceManager;
    const trans = loadTranslations(translator);
    new EventReporter(events, httpEventsApi(serverSettings, trans));
    return events;
  }
};
