import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { InlineCompleters } from './inlineCompleters';
import { SafeCoderProvider } from '../provider';

/**
 * Cancel the running request when the user leaves the editor.
 *
 * Lab does not report to a provider that the user pressed Escape, moved to
 * another cell or document, or closed the document.
 *
 * Escape removes a suggestion, and nothing else: in a notebook Lab would also
 * leave the edit mode, in which the next letters are commands.
 *
 * @param app - The application whose shell has the documents.
 * @param notebooks - The open notebooks.
 * @param provider - The provider whose request is cancelled.
 * @param completers - Removes a suggestion that is shown.
 */
export function cancelOnLeave(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  provider: SafeCoderProvider,
  completers: InlineCompleters
): void {
  const cancel = (): void => provider.cancel();
  // Lab listens to the document: the window comes first.
  window.addEventListener(
    'keydown',
    event => {
      if (event.key === 'Escape') {
        provider.refuse();
        if (completers.dismissVisible()) {
          event.preventDefault();
          event.stopImmediatePropagation();
        }
      }
    },
    true
  );
  document.addEventListener('focusout', event => {
    const isIn = (node: EventTarget | null, selector: string): boolean =>
      !!(node as Element | null)?.closest?.(selector);
    // The buttons beside a suggestion are for the suggestion.
    const isButton = isIn(event.relatedTarget, '.jp-InlineCompleter');
    if (isIn(event.target, '.jp-Editor') && !isButton) {
      cancel();
    }
  });
  app.shell.currentChanged?.connect(cancel);
  notebooks?.activeCellChanged.connect(cancel);
  notebooks?.widgetAdded.connect((_, panel) => {
    panel.disposed.connect(() => provider.reset());
  });
}
