import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import { serverRequests } from './serverRequests';
import { loadTranslations } from './translation';

/**
 * Has the server and its runtime drop what they keep of texts when a document
 * is closed.
 */
export const closedDocumentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-safecoder:closed-documents',
  description: 'Has kept texts dropped when a document is closed.',
  autoStart: true,
  optional: [INotebookTracker, IEditorTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    editors: IEditorTracker | null,
    translator: ITranslator | null
  ) => {
    const { post } = serverRequests(
      app.serviceManager.serverSettings,
      loadTranslations(translator)
    );
    const forget = (): void => {
      // A server that is gone keeps nothing.
      void post('forget', {}).catch(() => undefined);
    };
    notebooks?.widgetAdded.connect((_, panel) => {
      panel.disposed.connect(forget);
    });
    editors?.widgetAdded.connect((_, widget) => {
      widget.disposed.connect(forget);
    });
  }
};
