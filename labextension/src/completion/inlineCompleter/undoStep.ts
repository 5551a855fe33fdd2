import { CodeEditor } from '@jupyterlab/codeeditor';

import { InlineCompleters } from './inlineCompleters';

/**
 * Make a change of an editor's text an undo step of its own.
 *
 * #### Notes
 * Yjs makes one step of what a user changes within half a second: undoing an
 * accepted suggestion would also undo what was typed before it.
 *
 * @param editor - The editor.
 * @param change - Changes its text.
 */
export function asUndoStep(
  editor: CodeEditor.IEditor | null | undefined,
  change: () => void
): void {
  const history = (editor?.model.sharedModel as Partial<IUndoable> | undefined)
    ?.undoManager;
  history?.stopCapturing();
  change();
  history?.stopCapturing();
}

/**
 * Make each suggestion that Lab accepts an undo step of its own.
 */
export function acceptAsUndoStep(completers: InlineCompleters): void {
  completers.created.connect((_, completer) => {
    const accept = completer.accept.bind(completer);
    completer.accept = () => asUndoStep(completer.editor, accept);
  });
}

/** The part of a shared text of Yjs that is used. */
interface IUndoable {
  undoManager: { stopCapturing(): void } | null;
}
