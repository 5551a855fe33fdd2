import { YCodeCell, YNotebook } from '@jupyter/ydoc';
import { CodeEditor } from '@jupyterlab/codeeditor';
import * as Y from 'yjs';

import { RemoteChanges } from './remoteChanges';

function editorOf(cell: object): CodeEditor.IEditor {
  return { model: { sharedModel: cell } } as unknown as CodeEditor.IEditor;
}

describe('RemoteChanges', () => {
  const open = (): { notebook: YNotebook; cell: () => YCodeCell } => {
    const notebook = new YNotebook();
    return { notebook, cell: () => notebook.cells[0] as YCodeCell };
  };
  const sync = (from: YNotebook, to: YNotebook): void =>
    Y.applyUpdate(to.ydoc, Y.encodeStateAsUpdate(from.ydoc));

  it('tells the changes of two users apart', () => {
    const mine = open();
    const other = open();
    const changes = new RemoteChanges();
    changes.follow(mine.notebook);
    mine.notebook.addCell({ cell_type: 'code', source: 'x' });
    sync(mine.notebook, other.notebook);
    expect(changes.isLast(editorOf(mine.cell()))).toBe(false);

    let isRemote: boolean | null = null;
    mine.cell().changed.connect(() => {
      isRemote = changes.isLast(editorOf(mine.cell()));
    });
    other.cell().updateSource(1, 1, 'y');
    sync(other.notebook, mine.notebook);
    expect([mine.cell().source, isRemote]).toEqual(['xy', true]);
    mine.cell().updateSource(2, 2, 'z');
    expect([mine.cell().source, isRemote]).toEqual(['xyz', false]);
  });

  it('takes undo for a change of this user', () => {
    const { notebook, cell } = open();
    const changes = new RemoteChanges();
    changes.follow(notebook);
    notebook.addCell({ cell_type: 'code', source: 'x' });
    notebook.clearUndoHistory();
    cell().updateSource(1, 1, 'y');
    cell().undo();
    expect(cell().source).toBe('x');
    expect(changes.isLast(editorOf(cell()))).toBe(false);
  });

  it('takes texts that are not shared for those of this user', () => {
    const changes = new RemoteChanges();
    changes.follow({});
    expect(changes.isLast(editorOf({}))).toBe(false);
  });
});
