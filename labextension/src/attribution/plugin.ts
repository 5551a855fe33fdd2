import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { SuggestionSources } from './sources';
import { ISuggestionSources } from './tokens';

/**
 * Remembers where suggestions are from.
 */
export const attributionPlugin: JupyterFrontEndPlugin<ISuggestionSources> = {
  id: 'jupyter-safecoder:attribution',
  description: 'Knows where suggestions are from, and their licenses.',
  autoStart: true,
  provides: ISuggestionSources,
  activate: (_: JupyterFrontEnd): ISuggestionSources => new SuggestionSources()
};
