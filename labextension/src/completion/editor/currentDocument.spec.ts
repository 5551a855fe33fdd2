import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { SuggestionModes } from '../../status/modes';
import { createModes } from '../../testing/fakes';
import { followDocument } from './currentDocument';
import { ICompletionTarget } from './target';

describe('followDocument', () => {
  let modes: SuggestionModes;
  let notebooks: {
    activeCellChanged: Signal<object, void>;
    widgetAdded: Signal<object, object>;
  };
  let shell: { currentChanged: Signal<object, void>; currentWidget: unknown };
  let target: ICompletionTarget | null;

  function follow(tracker: object | null): void {
    followDocument(
      { shell } as unknown as JupyterFrontEnd,
      tracker as INotebookTracker | null,
      () => target,
      modes
    );
  }

  beforeEach(() => {
    ({ modes } = createModes());
    notebooks = {
      activeCellChanged: new Signal({}),
      widgetAdded: new Signal({})
    };
    shell = { currentChanged: new Signal({}), currentWidget: {} };
    target = {
      kind: 'notebook',
      language: 'python',
      path: 'a.ipynb'
    } as ICompletionTarget;
  });

  it('reports the document that the user is in', () => {
    follow(notebooks);
    expect(modes.document).toBeNull();
    shell.currentChanged.emit();
    expect(modes.document?.path).toBe('a.ipynb');
    shell.currentWidget = null;
    shell.currentChanged.emit();
    expect(modes.document).toBeNull();
  });

  it('stays in a notebook in whose cell nothing is completed', () => {
    follow(notebooks);
    notebooks.activeCellChanged.emit();
    target = null;
    notebooks.activeCellChanged.emit();
    expect(modes.document?.path).toBe('a.ipynb');
    shell.currentWidget = {};
    shell.currentChanged.emit();
    expect(modes.document).toBeNull();
  });

  it('keeps the choice of a renamed notebook', () => {
    follow(notebooks);
    modes.setDocuments({ 'a.ipynb': 'off' });
    const pathChanged = new Signal<object, string>({});
    const context = { path: 'a.ipynb', pathChanged };
    notebooks.widgetAdded.emit({ context });
    for (const path of ['b.ipynb', 'c.ipynb']) {
      pathChanged.emit(path);
      expect(modes.choiceFor({ ...target!, path })).toBe('off');
    }
  });

  it('works without notebooks', () => {
    follow(null);
    shell.currentChanged.emit();
    expect(modes.document?.language).toBe('python');
  });
});
