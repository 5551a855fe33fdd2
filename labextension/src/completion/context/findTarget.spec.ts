import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { IConsoleTracker } from '@jupyterlab/console';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { FakeCell } from '../../testing/fakeCell';
import { FakeEditor } from '../../testing/fakeEditor';
import { DocumentContexts } from './documentContexts';
import { ITrackers, createFindTarget } from './findTarget';
import { RemoteChanges } from '../editor/remoteChanges';
import { NotebookKernels } from '../kernel/notebookKernels';
import { DEFAULT_SETTINGS } from '../settings';
import { FindTarget, ICellContext, ICompletionTarget } from '../editor/target';

const { Automatic, Invoke } = InlineCompletionTriggerKind;

class FakeNotebook {
  constructor(...cells: FakeCell[]) {
    this.widgets = cells;
  }

  activeCellIndex = 0;
  metadata: { [key: string]: unknown } = {};
  readonly modelChanged = new Signal<this, void>(this);
  readonly model = {
    cells: { changed: new Signal<object, void>({}) },
    getMetadata: (key: string) => this.metadata[key]
  };
  widgets: FakeCell[];

  get activeCell(): FakeCell | null {
    return this.widgets[this.activeCellIndex] ?? null;
  }
}

class FakePanel {
  constructor(readonly content: FakeNotebook) {}
  readonly context = { path: 'folder/work.ipynb' };
  readonly disposed = new Signal<this, void>(this);
  readonly id = 'panel-id';
}

describe('createFindTarget', () => {
  const dismiss = jest.fn();
  const isExcluded = jest.fn(() => false);
  let kind: 'notebooks' | 'consoles' | 'editors' | null;

  const trackers = {
    consoles: { has: () => kind === 'consoles' } as unknown as IConsoleTracker,
    editors: { has: () => kind === 'editors' } as unknown as IEditorTracker,
    notebooks: {
      has: () => kind === 'notebooks'
    } as unknown as INotebookTracker
  };
  /** Marks the context with what it was called with. */
  const kernels = {
    extend: (_: object, context: ICellContext, line: string): ICellContext => ({
      ...context,
      kernel: () => [{ name: line, type: 'str' }]
    })
  } as unknown as NotebookKernels;
  const remoteChanges = { isLast: jest.fn(() => false) };
  const create = (of: ITrackers = trackers): FindTarget =>
    createFindTarget(
      of,
      dismiss,
      new DocumentContexts(),
      kernels,
      remoteChanges as unknown as RemoteChanges,
      isExcluded
    );
  let findTarget = create();

  function find(
    widget: object,
    options: {
      editor?: FakeEditor;
      triggerKind?: InlineCompletionTriggerKind;
    } = {}
  ): ICompletionTarget | null {
    const { triggerKind, editor } = options;
    return findTarget({
      triggerKind: triggerKind ?? Automatic,
      widget: widget as Widget,
      editor
    } as IInlineCompletionContext);
  }

  beforeEach(() => {
    kind = 'notebooks';
    dismiss.mockReset();
    findTarget = create();
  });

  describe('in a notebook', () => {
    let notebook: FakeNotebook;
    let panel: FakePanel;

    beforeEach(() => {
      notebook = new FakeNotebook(
        new FakeCell('first'),
        new FakeCell('# Text', 'markdown'),
        new FakeCell('current'),
        new FakeCell('below')
      );
      notebook.activeCellIndex = 2;
      panel = new FakePanel(notebook);
    });

    it('finds nothing where it is excluded', () => {
      const target = find(panel)!;
      isExcluded.mockReturnValue(true);
      expect(find(panel)).toBeNull();
      expect(target.readCursor()).toBeNull();
      expect(isExcluded).toHaveBeenLastCalledWith(panel);
      isExcluded.mockReturnValue(false);
      expect(target.readCursor()).not.toBeNull();
    });

    it('finds the active code cell', () => {
      const target = find(panel)!;
      expect(target).toMatchObject({
        cell: 'id of current',
        language: 'python',
        path: 'folder/work.ipynb'
      });
      expect(target.document).toMatch(/.-panel-id$/);
      expect(find(panel)!.document).toBe(target.document);
    });

    it('takes the cells above as context', () => {
      expect(find(panel)!.context(DEFAULT_SETTINGS).before).toEqual([
        { type: 'code', source: 'first' },
        { type: 'markdown', source: '# Text' }
      ]);
    });

    it('takes the cells below as context, if the user wants them', () => {
      const target = find(panel)!;
      expect(target.context(DEFAULT_SETTINGS).below).toEqual([
        { type: 'code', source: 'below' }
      ]);
      const sources = { ...DEFAULT_SETTINGS.sources, below: false };
      const without = target.context({ ...DEFAULT_SETTINGS, sources });
      expect(without.below).toEqual([]);
    });

    it('selects the context again after a change of the cells', () => {
      const first = find(panel)!.context(DEFAULT_SETTINGS);
      expect(find(panel)!.context(DEFAULT_SETTINGS).before).toBe(first.before);
      notebook.widgets.splice(0, 1);
      notebook.activeCellIndex = 1;
      notebook.model.cells.changed.emit();
      expect(find(panel)!.context(DEFAULT_SETTINGS).before).toEqual([
        { type: 'markdown', source: '# Text' }
      ]);
    });

    it('makes no list of the cells while the user types', () => {
      const first = find(panel)!.context(DEFAULT_SETTINGS);
      const slice = jest.spyOn(notebook.widgets, 'slice');
      const second = find(panel)!.context(DEFAULT_SETTINGS);
      expect(second.before).toBe(first.before);
      expect(slice).not.toHaveBeenCalled();
      const changed = { ...DEFAULT_SETTINGS, includeOutputs: false };
      find(panel)!.context(changed);
      expect(slice).toHaveBeenCalledTimes(2);
    });

    it('follows a new model, and lets go of a closed notebook', () => {
      const first = find(panel)!.context(DEFAULT_SETTINGS);
      notebook.modelChanged.emit();
      expect(find(panel)!.context(DEFAULT_SETTINGS)).not.toBe(first);
      const second = find(panel)!.context(DEFAULT_SETTINGS);
      notebook.model.cells.changed.emit();
      expect(find(panel)!.context(DEFAULT_SETTINGS)).not.toBe(second);
      const third = find(panel)!.context(DEFAULT_SETTINGS);
      panel.disposed.emit();
      expect(find(panel)!.context(DEFAULT_SETTINGS)).not.toBe(third);
    });

    it.each<[string, { [key: string]: unknown }]>([
      ['r', { language_info: { name: 'R' }, kernelspec: { language: 'x' } }],
      ['julia', { kernelspec: { language: 'Julia' } }],
      ['python', { language_info: { name: '' } }],
      ['python', { language_info: { name: 7 } }]
    ])('finds the language %s of the kernel', (language, metadata) => {
      notebook.metadata = metadata;
      expect(find(panel)!.language).toBe(language);
    });

    it.each([1, 7])('has no target in cell %d', index => {
      notebook.activeCellIndex = index;
      expect(find(panel)).toBeNull();
    });

    it('has no target without the focus, except when invoked', () => {
      notebook.widgets[2].editor.hasFocus.mockReturnValue(false);
      expect(find(panel)).toBeNull();
      expect(find(panel, { triggerKind: Invoke })).not.toBeNull();
    });

    it('has no target if Lab requests it for another editor', () => {
      const { editor } = notebook.widgets[0];
      expect(find(panel, { editor })).toBeNull();
      const { editor: active } = notebook.widgets[2];
      expect(find(panel, { editor: active })).not.toBeNull();
    });

    it('reads the cursor until the user leaves the cell', () => {
      const { editor } = notebook.widgets[2];
      editor.text = 'a\nb🎉c';
      editor.cursor = { line: 1, column: 3 };
      const target = find(panel)!;
      expect(target.readCursor()).toEqual({ text: 'a\nb🎉c', cursor: 5 });
      notebook.activeCellIndex = 0;
      expect(target.readCursor()).toBeNull();
      notebook.activeCellIndex = 2;
      expect(target.readCursor()).not.toBeNull();
      editor.isDisposed = true;
      expect(target.readCursor()).toBeNull();
    });

    it.each([
      { line: 0, column: 1 },
      { line: 1, column: 0 }
    ])('has no cursor while text from %j is selected', selection => {
      const { editor } = notebook.widgets[2];
      editor.text = 'a\nb';
      editor.cursor = { line: 1, column: 1 };
      editor.selection = selection;
      expect(find(panel)!.readCursor()).toBeNull();
    });

    it('has no cursor where there are several', () => {
      notebook.widgets[2].editor.cursors = 2;
      expect(find(panel)!.readCursor()).toBeNull();
    });

    it.each([Automatic, Invoke])('leaves a read-only cell alone', kind => {
      notebook.widgets[2].editor.isReadOnly = true;
      expect(find(panel, { triggerKind: kind })).toBeNull();
    });

    it('has nothing to align in an editor that is not of CodeMirror', () => {
      expect(find(panel)!.alignLineEnds()).toBe(false);
    });

    it('dismisses the suggestion of its editor', () => {
      find(panel)!.dismiss();
      expect(dismiss.mock.calls).toEqual([[notebook.widgets[2].editor]]);
    });
  });

  describe('in a console', () => {
    const promptCell = new FakeCell('prompt');

    function createPanel(language: string | undefined, cells: FakeCell[]) {
      return {
        id: 'console-id',
        console: {
          cells,
          promptCell: promptCell as FakeCell | null,
          sessionContext: {
            path: 'console-1',
            kernelPreference: { language }
          }
        }
      };
    }

    beforeEach(() => {
      kind = 'consoles';
    });

    it('finds the prompt', () => {
      expect(find(createPanel('R', []))).toMatchObject({
        cell: 'id of prompt',
        language: 'r',
        path: 'console-1'
      });
      expect(find(createPanel(undefined, []))!.language).toBe('python');
    });

    it('takes the last 20 inputs as context', () => {
      const inputs = Array.from(
        { length: 25 },
        (_, i) => new FakeCell(`x${i}`)
      );
      const cells = [new FakeCell('banner', 'raw'), ...inputs, promptCell];
      const { before, fingerprint } = find(
        createPanel('python', cells)
      )!.context(DEFAULT_SETTINGS);
      expect(before.map(cell => cell.source)).toEqual(
        Array.from({ length: 20 }, (_, i) => `x${i + 5}`)
      );
      expect(
        find(createPanel('python', cells))!.context(DEFAULT_SETTINGS)
          .fingerprint
      ).toBe(fingerprint);
      expect(
        find(createPanel('python', inputs))!.context(DEFAULT_SETTINGS)
          .fingerprint
      ).toBe(fingerprint);
      cells.pop();
      inputs[24].editor.text = 'changed';
      expect(
        find(createPanel('python', cells))!.context(DEFAULT_SETTINGS)
          .fingerprint
      ).not.toBe(fingerprint);
    });

    it('has no target without a prompt', () => {
      const panel = createPanel('python', []);
      panel.console.promptCell = null;
      expect(find(panel)).toBeNull();
    });
  });

  describe('in a file', () => {
    const widget = {
      id: 'file-id',
      content: { editor: new FakeEditor('import os') },
      context: { path: 'module.py' }
    };

    beforeEach(() => {
      kind = 'editors';
    });

    it('finds a Python file, without context', () => {
      widget.content.editor.model.mimeType = 'text/x-python';
      const target = find(widget)!;
      expect(target).toMatchObject({
        cell: '',
        language: 'python',
        path: 'module.py'
      });
      expect(target.context(DEFAULT_SETTINGS).before).toEqual([]);
    });

    it.each([
      ['text/x-rsrc', 'r'],
      ['text/x-sh', 'bash'],
      ['application/typescript', 'typescript']
    ])('finds a file of type %s: %s', (mimeType, language) => {
      widget.content.editor.model.mimeType = mimeType;
      expect(find(widget)).toMatchObject({ language });
    });

    it.each(['text/x-ipythongfm', 'text/plain'])(
      'has no target in a file of type %s',
      mimeType => {
        widget.content.editor.model.mimeType = mimeType;
        expect(find(widget)).toBeNull();
      }
    );
  });

  it('adds the names in the kernel, if the user wants them', () => {
    const cell = new FakeCell('import numpy as np\nx = np.linspace');
    cell.editor.cursor = { line: 1, column: 10 };
    const target = find(new FakePanel(new FakeNotebook(cell)))!;
    const { kernel } = target.context(DEFAULT_SETTINGS);
    expect(kernel?.('')).toEqual([{ name: 'x = np.lin', type: 'str' }]);
    cell.editor.cursor = { line: 5, column: 0 };
    expect(target.context(DEFAULT_SETTINGS).kernel?.('')[0].name).toBe('');
    const sources = { ...DEFAULT_SETTINGS.sources, kernel: false };
    const settings = { ...DEFAULT_SETTINGS, sources };
    expect(target.context(settings).kernel).toBeUndefined();
  });

  it('has no target in an unknown document', () => {
    kind = null;
    expect(find({})).toBeNull();
    const none = { consoles: null, editors: null, notebooks: null };
    findTarget = create(none);
    expect(find({})).toBeNull();
  });

  it('knows whether another user has changed the text last', () => {
    kind = 'notebooks';
    const target = find(new FakePanel(new FakeNotebook(new FakeCell('x'))))!;
    remoteChanges.isLast.mockReturnValueOnce(true);
    expect([1, 2].map(target.isChangedRemotely)).toEqual([true, false]);
  });
});
