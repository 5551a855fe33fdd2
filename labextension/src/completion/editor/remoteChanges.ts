import { CodeEditor } from '@jupyterlab/codeeditor';

/**
 * Knows whether other users have changed a shared text last.
 *
 * #### Notes
 * Lab tells a provider that a text is another one, and not whose change it was.
 * Yjs calls a transaction local unless it came from the document's provider:
 * the text and the undo of this user are local, and what programs write in this
 * page.
 */
export class RemoteChanges {
  /**
   * Follow the texts of a document.
   *
   * @param model - The shared model of a notebook or file.
   */
  follow(model: unknown): void {
    const { ydoc } = model as { ydoc?: RemoteChanges.IDocument };
    // Before the observers of the change, by which Lab makes its calls.
    ydoc?.on('beforeObserverCalls', ({ changed, local }) => {
      for (const type of changed.keys()) {
        if (local) {
          this._types.delete(type);
        } else {
          this._types.add(type);
        }
      }
    });
  }

  /**
   * Whether the last change of an editor's text was made by another user.
   */
  isLast(editor: CodeEditor.IEditor): boolean {
    const { ysource } = editor.model.sharedModel as { ysource?: object };
    return ysource !== undefined && this._types.has(ysource);
  }

  /** The types that other users have changed last. */
  private _types = new WeakSet<object>();
}

/**
 * A namespace for `RemoteChanges` statics.
 */
export namespace RemoteChanges {
  /** The part of a document of Yjs that is used. */
  export interface IDocument {
    on(
      name: 'beforeObserverCalls',
      callback: (transaction: {
        changed: Map<object, unknown>;
        local: boolean;
      }) => void
    ): void;
  }
}
