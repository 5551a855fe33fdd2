import { YFile } from '@jupyter/ydoc';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { InlineCompleter } from '@jupyterlab/completer';
import { Signal } from '@lumino/signaling';

import { InlineCompleters } from './inlineCompleters';
import { acceptAsUndoStep, asUndoStep } from './undoStep';

describe('asUndoStep', () => {
  it('undoes neither what was typed before nor what is typed after', () => {
    const file = new YFile();
    const editor = { model: { sharedModel: file } } as unknown;
    file.updateSource(0, 0, 'x = ');
    asUndoStep(editor as CodeEditor.IEditor, () =>
      file.updateSource(4, 4, 'f()')
    );
    file.updateSource(7, 7, '.g');
    const undone = [1, 2, 3].map(() => {
      file.undo();
      return file.getSource();
    });
    expect(undone).toEqual(['x = f()', 'x = ', '']);
  });

  it.each([null, { model: { sharedModel: {} } }])(
    'makes the change without a history: %j',
    editor => {
      const change = jest.fn();
      asUndoStep(editor as CodeEditor.IEditor | null, change);
      expect(change).toHaveBeenCalledTimes(1);
    }
  );
});

describe('acceptAsUndoStep', () => {
  it('accepts as Lab does', () => {
    const created = new Signal<object, InlineCompleter>({});
    acceptAsUndoStep({ created } as unknown as InlineCompleters);
    const calls: string[] = [];
    const undoManager = { stopCapturing: () => calls.push('step') };
    const completer = {
      editor: { model: { sharedModel: { undoManager } } },
      accept: () => calls.push('accept')
    } as unknown as InlineCompleter;
    created.emit(completer);
    completer.accept();
    expect(calls).toEqual(['step', 'accept', 'step']);
  });
});
