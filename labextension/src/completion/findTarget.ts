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

import { DocumentContext } from './context';
import { FindTarget, ICellContext, ICompletionTarget } from './target';

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
 */
export function createFindTarget(
  trackers: ITrackers,
  dismiss: (editor: CodeEditor.IEditor) => void
): FindTarget {
  const contexts = new WeakMap<NotebookPanel, DocumentContext>();

  const inNotebook = (panel: NotebookPanel): Private.IEditorInfo | null => {
    const { activeCell } = panel.content;
    if (!activeCell || activeCell.model.type !== 'code') {
      return null;
    }
    const context = contexts.get(panel) ?? Private.connectContext(panel);
    contexts.set(panel, context);
    return {
      editor: activeCell.editor,
      kind: 'notebook',
      path: panel.context.path,
      cell: activeCell.model.id,
      language: Private.languageOf(panel),
      context: includeOutputs => {
        const { activeCellIndex, widgets } = panel.content;
        return context.select(
          widgets.slice(0, activeCellIndex).map(cell => cell.model),
          widgets[activeCellIndex].model,
          includeOutputs
        );
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
      language:
        sessionContext.kernelPreference.language?.toLowerCase() ?? 'python',
      context: includeOutputs => {
        const inputs = Array.from(cells, cell => cell.model)
          .filter(model => model !== promptCell.model && model.type === 'code')
          .slice(-MAX_CONSOLE_INPUTS);
        const context = new DocumentContext();
        const { before } = context.select(
          inputs,
          promptCell.model,
          includeOutputs
        );
        context.dispose();
        return { before, fingerprint: JSON.stringify(before) };
      }
    };
  };

  const inFile = (
    widget: IDocumentWidget<FileEditor>
  ): Private.IEditorInfo | null => {
    const { editor } = widget.content;
    return /python/.test(editor.model.mimeType)
      ? {
          editor,
          kind: 'file',
          path: widget.context.path,
          cell: '',
          language: 'python',
          context: () => Private.emptyContext
        }
      : null;
  };

  const editorIn = (widget: Widget): Private.IEditorInfo | null => {
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
      dismiss: () => dismiss(editor),
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
              text: editor.model.sharedModel.getSource(),
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

  export const emptyContext: ICellContext = { before: [], fingerprint: '' };

  /** Create the context of a notebook, and invalidate it as its cells change. */
  export function connectContext(panel: NotebookPanel): DocumentContext {
    const context = new DocumentContext();
    const connect = (): void => {
      panel.content.model?.cells.changed.connect(context.invalidate, context);
    };
    connect();
    panel.content.modelChanged.connect(() => {
      context.dispose();
      connect();
    });
    panel.disposed.connect(() => context.dispose());
    return context;
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
