import { CodeEditor } from '@jupyterlab/codeeditor';
import { CodeMirrorEditor, ySyncFacet } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';

/** Whether a text has other line ends than that of an editor. */
const isForeign = (text: string): boolean => text.includes('\r');

/**
 * The text of an editor, in which its positions count.
 *
 * #### Notes
 * The shared text of a cell keeps the line ends of the notebook's file. In the
 * editor each of them is one character.
 */
export function editorText(editor: CodeEditor.IEditor): string {
  const { doc } = editor as Partial<CodeMirrorEditor>;
  return doc ? doc.toString() : editor.model.sharedModel.getSource();
}

/**
 * Give the shared text of a cell the line ends of its editor.
 *
 * #### Notes
 * Lab writes what is typed to the same position of both texts. With two
 * characters at the end of a line, that is the wrong one: Lab does this for
 * files when it opens them, but not for notebooks. Other editors of the text
 * would be changed at wrong positions, so nothing is done if there are any.
 *
 * @param editor - The editor of a cell or file.
 * @param notebooks - The open notebooks, which may have other editors of it.
 * @returns Whether the shared text was changed.
 */
export function alignLineEnds(
  editor: CodeEditor.IEditor,
  notebooks: INotebookTracker | null
): boolean {
  const { sharedModel } = editor.model;
  const view = (editor as Partial<CodeMirrorEditor>).editor;
  if (!view || !isForeign(sharedModel.getSource())) {
    return false;
  }
  const binding = view.state.facet(ySyncFacet);
  const panels = notebooks?.filter(panel =>
    panel.content.widgets.some(cell => cell.model.sharedModel === sharedModel)
  );
  const isShared =
    panels &&
    (panels.length > 1 || panels.some(panel => panel.model?.collaborative));
  const ytext = binding?.ytext;
  if (!ytext?.doc || isShared) {
    return false;
  }
  const history = (sharedModel as { undoManager?: Private.IHistory | null })
    .undoManager;
  // Of this origin the editor takes nothing over: it has the text already.
  history?.removeTrackedOrigin(binding);
  ytext.doc.transact(() => {
    ytext.delete(0, ytext.length);
    ytext.insert(0, editorText(editor));
  }, binding);
  history?.addTrackedOrigin(binding);
  return true;
}

/**
 * Align the line ends of each cell that the user enters.
 *
 * @param notebooks - The open notebooks.
 */
export function alignOnEntry(notebooks: INotebookTracker): void {
  notebooks.activeCellChanged.connect((_, cell) => {
    void cell?.ready.then(() => {
      if (cell.editor && !cell.isDisposed) {
        alignLineEnds(cell.editor, notebooks);
      }
    });
  });
}

namespace Private {
  /** The part of a history of Yjs that is used. */
  export interface IHistory {
    addTrackedOrigin(origin: unknown): void;
    removeTrackedOrigin(origin: unknown): void;
  }
}
