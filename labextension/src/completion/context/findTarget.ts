import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor, IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { UUID } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { DocumentContext, EMPTY_PROJECT } from './context';
import { MAX_BELOW } from './contextCells';
import { DocumentContexts } from './documentContexts';
import { consoleLanguage, fileLanguage, notebookLanguage } from './language';
import { alignLineEnds, editorText } from '../editor/lineEnds';
import { RemoteChanges } from '../editor/remoteChanges';
import { NotebookKernels } from '../kernel/notebookKernels';
import { FindTarget, ICellContext, ICompletionTarget } from '../editor/target';

/** Maximum number of earlier console inputs that are context. */
const MAX_CONSOLE_INPUTS = 20;

/** The trackers of the application; `null` where it lacks the plugin. */
export interface ITrackers {
  consoles: IConsoleTracker | null;
  editors: IEditorTracker | null;
  notebooks: INotebookTracker | null;
}

/**
 * Create the function that finds the target of a request.
 *
 * @param trackers - The open documents of each kind.
 * @param dismiss - Removes a shown suggestion from an editor.
 * @param contexts - The contexts of the open notebooks.
 * @param kernels - The kernels of the open notebooks.
 * @param remoteChanges - Knows the changes of other users.
 * @param isExcluded - Whether nothing is completed where the user is in a
 * document.
 */
export function createFindTarget(
  trackers: ITrackers,
  dismiss: (editor: CodeEditor.IEditor) => void,
  contexts: DocumentContexts,
  kernels: NotebookKernels,
  remoteChanges: RemoteChanges,
  isExcluded: (widget: Widget) => boolean
): FindTarget {
  const inNotebook = (panel: NotebookPanel): Private.IEditorInfo | null => {
    const { activeCell } = panel.content;
    if (!activeCell || activeCell.model.type !== 'code') {
      return null;
    }
    const context = contexts.of(panel);
    return {
      editor: activeCell.editor,
      kind: 'notebook',
      path: panel.context.path,
      cell: activeCell.model.id,
      language: notebookLanguage(panel),
      context: options => {
        const { activeCellIndex, widgets } = panel.content;
        const { model } = widgets[activeCellIndex];
        const after = activeCellIndex + 1;
        // No list of all cells is made at a key.
        const selected =
          context.selected(model, options) ??
          context.select(
            widgets.slice(0, activeCellIndex).map(cell => cell.model),
            model,
            widgets.slice(after, after + MAX_BELOW).map(cell => cell.model),
            options
          );
        const { editor } = activeCell;
        return options.sources.kernel && editor
          ? kernels.extend(panel, selected, Private.lineBefore(editor))
          : selected;
      }
    };
  };

  const inConsole = (panel: ConsolePanel): Private.IEditorInfo | null => {
    const { cells, promptCell, sessionContext } = panel.console;
    if (!promptCell) {
      return null;
    }
    return {
      editor: promptCell.editor,
      kind: 'console',
      path: sessionContext.path,
      cell: promptCell.model.id,
      language: consoleLanguage(panel),
      context: options => {
        const inputs = Array.from(cells, cell => cell.model)
          .filter(model => model !== promptCell.model && model.type === 'code')
          .slice(-MAX_CONSOLE_INPUTS);
        const context = new DocumentContext();
        const selected = context.select(inputs, promptCell.model, [], options);
        context.dispose();
        return { ...selected, fingerprint: JSON.stringify(selected.before) };
      }
    };
  };

  const inFile = (
    widget: IDocumentWidget<FileEditor>
  ): Private.IEditorInfo | null => {
    const { editor } = widget.content;
    const language = fileLanguage(editor.model.mimeType);
    return language === null
      ? null
      : {
          editor,
          kind: 'file',
          path: widget.context.path,
          cell: '',
          language,
          context: () => Private.emptyContext
        };
  };

  const editorIn = (widget: Widget): Private.IEditorInfo | null => {
    if (isExcluded(widget)) {
      return null;
    }
    if (trackers.notebooks?.has(widget)) {
      return inNotebook(widget as NotebookPanel);
    }
    if (trackers.consoles?.has(widget)) {
      return inConsole(widget as ConsolePanel);
    }
    if (trackers.editors?.has(widget)) {
      return inFile(widget as IDocumentWidget<FileEditor>);
    }
    return null;
  };

  return (context: IInlineCompletionContext): ICompletionTarget | null => {
    const { widget } = context;
    const info = editorIn(widget);
    const editor = info?.editor;
    // Lab also passes the editor at run time, though its interface omits it.
    const requested = (context as { editor?: CodeEditor.IEditor | null })
      .editor;
    if (!info || !editor || (requested && requested !== editor)) {
      return null;
    }
    const isInvoked =
      context.triggerKind === InlineCompletionTriggerKind.Invoke;
    if (!isInvoked && !editor.hasFocus()) {
      // The text was changed by a collaborator or by a program.
      return null;
    }
    if (editor.getOption('readOnly')) {
      return null;
    }
    return {
      document: `${Private.salt}-${widget.id}`,
      kind: info.kind,
      path: info.path,
      cell: info.cell,
      language: info.language,
      context: info.context,
      alignLineEnds: () => alignLineEnds(editor, trackers.notebooks),
      dismiss: () => dismiss(editor),
      isChangedRemotely: () => remoteChanges.isLast(editor),
      readCursor: () => {
        if (editor.isDisposed || editorIn(widget)?.editor !== editor) {
          return null;
        }
        const { start, end } = editor.getSelection();
        const isCursor =
          editor.getSelections().length <= 1 &&
          start.line === end.line &&
          start.column === end.column;
        return isCursor
          ? {
              text: editorText(editor),
              cursor: editor.getOffsetAt(editor.getCursorPosition())
            }
          : null;
      }
    };
  };
}

namespace Private {
  /** The editor of a document that the user is in, and what belongs to it. */
  export interface IEditorInfo extends Pick<
    ICompletionTarget,
    'cell' | 'context' | 'kind' | 'language' | 'path'
  > {
    editor: CodeEditor.IEditor | null;
  }

  /** Makes document ids meaningless outside of this page. */
  export const salt = UUID.uuid4();

  /** The text of the line before the cursor. */
  export function lineBefore(editor: CodeEditor.IEditor): string {
    const { line, column } = editor.getCursorPosition();
    return (editor.getLine(line) ?? '').slice(0, column);
  }

  export const emptyContext: ICellContext = {
    ...EMPTY_PROJECT,
    before: [],
    below: [],
    fingerprint: ''
  };
}
