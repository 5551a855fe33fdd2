/**
 * Tests with Lab's own binding of an editor to its shared text.
 */
import { EditorView } from '@codemirror/view';
import { YCodeCell } from '@jupyter/ydoc';
import { Cell } from '@jupyterlab/cells';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { ybinding } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { flushPromises } from '../../testing/fakes';
import { alignLineEnds, alignOnEntry, editorText } from './lineEnds';

describe('alignLineEnds', () => {
  let cell: YCodeCell;
  let editor: CodeEditor.IEditor;
  let view: EditorView;

  /** The members of Lab's editor that are used. */
  function editorOf(view: EditorView): CodeEditor.IEditor {
    const model = { sharedModel: cell };
    return {
      editor: view,
      model,
      get doc() {
        return view.state.doc;
      }
    } as unknown as CodeEditor.IEditor;
  }

  beforeEach(() => {
    cell = YCodeCell.create() as YCodeCell;
    cell.setSource('a = 1\r\nb = 2\rc = ');
    cell.clearUndoHistory();
    const undoManager = cell.undoManager ?? undefined;
    view = new EditorView({
      doc: cell.getSource(),
      extensions: [ybinding({ ytext: cell.ysource, undoManager })]
    });
    editor = editorOf(view);
  });

  /** Notebooks whose cells are these. */
  function tracker(panels: object[]): INotebookTracker {
    return {
      filter: (test: (panel: object) => boolean) => panels.filter(test)
    } as unknown as INotebookTracker;
  }

  function panelWith(sharedModel: object, collaborative = false): object {
    const widgets = [{ model: { sharedModel } }];
    return { content: { widgets }, model: { collaborative } };
  }

  it('makes positions of the two texts the same', () => {
    expect(cell.getSource()).toBe('a = 1\r\nb = 2\rc = ');
    expect(editorText(editor)).toBe('a = 1\nb = 2\nc = ');
    expect(alignLineEnds(editor, tracker([panelWith(cell)]))).toBe(true);
    expect(cell.getSource()).toBe('a = 1\nb = 2\nc = ');
    expect(editorText(editor)).toBe(cell.getSource());
    view.dispatch({ changes: { from: 16, insert: 'a' } });
    expect(cell.getSource()).toBe('a = 1\nb = 2\nc = a');
    expect(alignLineEnds(editor, null)).toBe(false);
  });

  it('is no step that can be undone', () => {
    alignLineEnds(editor, null);
    view.dispatch({ changes: { from: 16, insert: 'a' } });
    cell.undo();
    cell.undo();
    expect(cell.getSource()).toBe('a = 1\nb = 2\nc = ');
    expect(editorText(editor)).toBe(cell.getSource());
  });

  it('leaves a text alone that other editors have', () => {
    const panels = [panelWith(cell), panelWith(cell), panelWith({})];
    expect(alignLineEnds(editor, tracker(panels))).toBe(false);
    const shared = tracker([panelWith(cell, true)]);
    expect(alignLineEnds(editor, shared)).toBe(false);
    expect(cell.getSource()).toContain('\r');
  });

  it('reads the shared text where the editor is another one', () => {
    const model = { sharedModel: cell };
    const other = { model } as unknown as CodeEditor.IEditor;
    expect(editorText(other)).toBe(cell.getSource());
    expect(alignLineEnds(other, null)).toBe(false);
  });

  it('needs a text that is shared', () => {
    const alone = new EditorView({ doc: cell.getSource() });
    expect(alignLineEnds(editorOf(alone), null)).toBe(false);
  });

  it('is done for each cell that is entered', async () => {
    const activeCellChanged = new Signal<object, Cell | null>({});
    const notebooks = { ...tracker([panelWith(cell)]), activeCellChanged };
    alignOnEntry(notebooks as unknown as INotebookTracker);
    const enter = (isDisposed: boolean): void => {
      const entered = { editor, isDisposed, ready: Promise.resolve() };
      activeCellChanged.emit(entered as unknown as Cell);
    };
    activeCellChanged.emit(null);
    enter(true);
    await flushPromises();
    expect(cell.getSource()).toContain('\r');
    enter(false);
    await flushPromises();
    expect(cell.getSource()).not.toContain('\r');
  });
});
