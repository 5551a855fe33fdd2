import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { SafeCoderProvider } from './provider';

/**
 * Cancel the running request when the user leaves the editor.
 *
 * Lab does not report to a provider that the user pressed Escape, moved to
 * another cell or document, or closed the document.
 *
 * @param app - The application whose shell has the documents.
 * @param notebooks - The open notebooks.
 * @param provider - The provider whose request is cancelled.
 */
export function cancelOnLeave(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  provider: SafeCoderProvider
): void {
  const cancel = (): void => provider.cancel();
  document.addEventListener(
    'keydown',
    event => {
      if (event.key === 'Escape') {
        cancel();
      }
    },
    true
  );
  document.addEventListener('focusout', event => {
    if ((event.target as Element | null)?.closest?.('.jp-Editor')) {
      cancel();
    }
  });
  app.shell.currentChanged?.connect(cancel);
  notebooks?.activeCellChanged.connect(cancel);
  notebooks?.widgetAdded.connect((_, panel) => {
    panel.disposed.connect(() => provider.reset());
  });
}
