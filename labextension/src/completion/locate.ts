import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  CompletionHandler,
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor, IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { UUID } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { ICompletionSite, ISurroundings, SiteFinder } from './site';
import { DocumentSurroundings } from './surroundings';

/** How many earlier inputs of a console are context. */
const CONSOLE_INPUTS = 20;

/** The kinds of documents that we know, as far as the application has them. */
export interface ITrackers {
  consoles: IConsoleTracker | null;
  editors: IEditorTracker | null;
  notebooks: INotebookTracker | null;
}

/**
 * Find the cell that Lab asks about.
 *
 * @param trackers - Say what kind of document a widget is.
 * @param dismiss - Removes a shown suggestion from an editor.
 */
export function siteFinder(
  trackers: ITrackers,
  dismiss: (editor: CodeEditor.IEditor) => void
): SiteFinder {
  const surroundings = new WeakMap<NotebookPanel, DocumentSurroundings>();

  const inNotebook = (panel: NotebookPanel): Private.ISpot | null => {
    const { activeCell } = panel.content;
    if (!activeCell || activeCell.model.type !== 'code') {
      return null;
    }
    let around = surroundings.get(panel);
    if (!around) {
      around = new DocumentSurroundings();
      surroundings.set(panel, around);
      Private.follow(panel, around);
    }
    const chosen = around;
    return {
      editor: activeCell.editor,
      path: panel.context.path,
      cell: activeCell.model.id,
      language: Private.languageOf(panel),
      surroundings: includeOutputs =>
        chosen.choose(
          panel.content.widgets.map(cell => cell.model),
          panel.content.activeCellIndex,
          includeOutputs
        )
    };
  };

  const inConsole = (panel: ConsolePanel): Private.ISpot | null => {
    const { cells, promptCell, sessionContext } = panel.console;
    if (!promptCell) {
      return null;
    }
    return {
      editor: promptCell.editor,
      path: panel.console.sessionContext.path,
      cell: promptCell.model.id,
      language:
        sessionContext.kernelPreference.language?.toLowerCase() ?? 'python',
      surroundings: includeOutputs => {
        const inputs = Array.from(cells, cell => cell.model)
          .filter(model => model !== promptCell.model && model.type === 'code')
          .slice(-CONSOLE_INPUTS);
        const chosen = new DocumentSurroundings();
        const result = chosen.choose(
          [...inputs, promptCell.model],
          inputs.length,
          includeOutputs
        );
        chosen.dispose();
        return { ...result, fingerprint: JSON.stringify(result.before) };
      }
    };
  };

  const inFile = (
    widget: IDocumentWidget<FileEditor>,
    mimeType: string
  ): Private.ISpot | null =>
    /python/.test(mimeType)
      ? {
          editor: widget.content.editor,
          path: widget.context.path,
          cell: '',
          language: 'python',
          surroundings: () => Private.nothingAround
        }
      : null;

  const spotIn = (widget: Widget, mimeType: string): Private.ISpot | null => {
    if (trackers.notebooks?.has(widget)) {
      return inNotebook(widget as NotebookPanel);
    }
    if (trackers.consoles?.has(widget)) {
      return inConsole(widget as ConsolePanel);
    }
    if (trackers.editors?.has(widget)) {
      return inFile(widget as IDocumentWidget<FileEditor>, mimeType);
    }
    return null;
  };

  return (
    request: CompletionHandler.IRequest,
    context: IInlineCompletionContext
  ): ICompletionSite | null => {
    const { widget } = context;
    const mimeType = request.mimeType ?? '';
    const spot = spotIn(widget, mimeType);
    const editor = spot?.editor;
    // At run time Lab also tells the editor, though the interface hides it.
    const asked = (context as { editor?: CodeEditor.IEditor | null }).editor;
    if (!spot || !editor || (asked && asked !== editor)) {
      return null;
    }
    const isInvoked =
      context.triggerKind === InlineCompletionTriggerKind.Invoke;
    if (!isInvoked && !editor.hasFocus()) {
      // Somebody else writes in this notebook, or a program does.
      return null;
    }
    return {
      document: `${Private.salt}-${widget.id}`,
      path: spot.path,
      cell: spot.cell,
      language: spot.language,
      surroundings: spot.surroundings,
      dismiss: () => dismiss(editor),
      read: () => {
        if (editor.isDisposed || spotIn(widget, mimeType)?.editor !== editor) {
          return null;
        }
        const { start, end } = editor.getSelection();
        return start.line === end.line && start.column === end.column
          ? {
              text: editor.model.sharedModel.getSource(),
              cursor: editor.getOffsetAt(editor.getCursorPosition())
            }
          : null;
      }
    };
  };
}

namespace Private {
  /** An editor, and what is known of its place. */
  export interface ISpot {
    editor: CodeEditor.IEditor | null;
    path: string;
    cell: string;
    language: string;
    surroundings: (includeOutputs: boolean) => ISurroundings;
  }

  /** Makes the names of documents say nothing outside of this page. */
  export const salt = UUID.uuid4();

  export const nothingAround: ISurroundings = {
    before: [],
    fingerprint: ''
  };

  /** Keep the surroundings of a notebook up to date, as long as it lives. */
  export function follow(
    panel: NotebookPanel,
    around: DocumentSurroundings
  ): void {
    const connect = (): void => {
      panel.content.model?.cells.changed.connect(around.invalidate, around);
    };
    connect();
    panel.content.modelChanged.connect(() => {
      around.dispose();
      connect();
    });
    panel.disposed.connect(() => around.dispose());
  }

  /** The language of a notebook's kernel, in lower case. */
  export function languageOf(panel: NotebookPanel): string {
    const model = panel.content.model;
    const info = model?.getMetadata('language_info') as
      { name?: unknown } | undefined;
    const spec = model?.getMetadata('kernelspec') as
      { language?: unknown } | undefined;
    const language = info?.name ?? spec?.language;
    return typeof language === 'string' && language !== ''
      ? language.toLowerCase()
      : 'python';
  }
}
