import { JupyterFrontEnd } from '@jupyterlab/application';
import { InlineCompletionTriggerKind } from '@jupyterlab/completer';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';

import { IDocument, SuggestionModes } from '../../status/modes';
import { FindTarget } from './target';

/**
 * Report which document the user is in, for the menu of the status item.
 *
 * @param app - The application whose shell has the documents.
 * @param notebooks - The open notebooks; a renamed one keeps its choice.
 * @param findTarget - Finds what would be completed.
 * @param modes - Gets the document.
 */
export function followDocument(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  findTarget: FindTarget,
  modes: SuggestionModes
): void {
  const { shell } = app;
  let last: { widget: Widget | null; document: IDocument | null };
  last = { widget: null, document: null };
  modes.findDocument = () => {
    const widget = shell.currentWidget;
    const triggerKind = InlineCompletionTriggerKind.Invoke;
    const target = widget && findTarget({ widget, triggerKind });
    if (target || widget !== last.widget) {
      // In a cell of text nothing is completed: its notebook is still open.
      last = { widget, document: target };
    }
    return last.document;
  };
  shell.currentChanged?.connect(() => modes.update());
  notebooks?.activeCellChanged.connect(() => modes.update());
  notebooks?.widgetAdded.connect((_, { context }) => {
    let path = context.path;
    context.pathChanged.connect((_, renamed) => {
      modes.rename(path, renamed);
      path = renamed;
    });
  });
}
