import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { SafeCoderProvider } from './provider';

/**
 * Give up requests that nobody waits for any more.
 *
 * Lab does not tell a provider that the person pressed Escape, left the editor
 * or closed the document.
 */
export function watchDepartures(
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
    panel.disposed.connect(() => provider.forget());
  });
}
