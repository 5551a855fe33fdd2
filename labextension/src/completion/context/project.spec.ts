import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { flushPromises } from '../../testing/fakes';
import { DocumentContexts } from './documentContexts';
import { MIN_INTERVAL, ProjectRequests } from './project';
import { ISources } from '../settings';
import { IProjectRequest } from './projectTransport';
import { IProjectContext } from '../editor/target';

/** The members of a notebook panel that are used. */
class FakePanel {
  constructor(path: string, ...sources: string[]) {
    this.context.path = path;
    this.content.widgets = sources.map(source => this._cell(source));
    this.content.activeCellIndex = sources.length - 1;
  }

  readonly context = {
    path: '',
    saveState: new Signal<object, string>({})
  };
  readonly disposed = new Signal<object, void>({});
  isDisposed = false;
  language = 'python';

  readonly content = {
    get activeCell() {
      return this.widgets[this.activeCellIndex];
    },
    activeCellIndex: 0,
    model: {
      cells: { changed: new Signal<object, void>({}) },
      getMetadata: () => ({ name: this.language })
    },
    modelChanged: new Signal<object, void>({}),
    widgets: [] as Array<ReturnType<FakePanel['_cell']>>
  };

  private _cell(source: string, type = 'code') {
    return {
      model: {
        contentChanged: new Signal<object, void>({}),
        getMetadata: () => undefined,
        metadataChanged: new Signal<object, void>({}),
        outputs: { length: 0 },
        sharedModel: {
          source,
          getSource(): string {
            return this.source;
          }
        },
        type
      }
    };
  }

  /** Type into the current cell. */
  type(source: string): void {
    this.content.activeCell.model.sharedModel.source = source;
  }
}

const PROJECT: IProjectContext = {
  modules: [{ path: 'grid.py', text: 'RATE: float\n' }],
  files: []
};

describe('ProjectRequests', () => {
  let contexts: DocumentContexts;
  let isEnabled: boolean;
  let panel: FakePanel;
  let reported: string[];
  let sent: Array<{
    request: IProjectRequest;
    answer: (project: IProjectContext) => Promise<void>;
    fail: (message: string) => Promise<void>;
  }>;
  let sources: ISources;
  let tracker: {
    activeCellChanged: Signal<object, void>;
    currentWidget: FakePanel | null;
    forEach: (visit: (panel: FakePanel) => void) => void;
    widgetAdded: Signal<object, FakePanel>;
  };

  /** What the project adds to the context of a notebook. */
  function projectOf(of: FakePanel): IProjectContext {
    return contexts.of(of as never).project;
  }

  /** Let a request begin. */
  async function begin(ms = 0): Promise<void> {
    jest.advanceTimersByTime(ms);
    await flushPromises();
  }

  beforeEach(() => {
    jest.useFakeTimers();
    contexts = new DocumentContexts();
    isEnabled = true;
    panel = new FakePanel('work.ipynb', 'import grid', 'grid.');
    reported = [];
    sent = [];
    sources = { below: false, kernel: true, modules: true, files: true };
    tracker = {
      activeCellChanged: new Signal<object, void>({}),
      currentWidget: panel,
      forEach: visit => visit(panel),
      widgetAdded: new Signal<object, FakePanel>({})
    };
    new ProjectRequests({
      contexts,
      isEnabled: () => isEnabled,
      openPaths: () => ['work.ipynb', 'other.ipynb'],
      report: error => reported.push(error),
      send: request =>
        new Promise((resolve, reject) =>
          sent.push({
            request,
            answer: project => (resolve(project), flushPromises()),
            fail: message => (reject(new Error(message)), flushPromises())
          })
        ),
      sources: () => sources
    }).connect(tracker as unknown as INotebookTracker);
  });

  afterEach(() => jest.useRealTimers());

  it('requests when the user enters a cell', async () => {
    tracker.activeCellChanged.emit();
    expect(sent).toHaveLength(0);
    await begin();
    expect(sent[0].request).toEqual({
      version: 2,
      path: 'work.ipynb',
      cells: ['import grid'],
      current: 'grid.',
      open: ['other.ipynb'],
      modules: true,
      files: true
    });
    await sent[0].answer(PROJECT);
    expect(projectOf(panel)).toEqual(PROJECT);
    expect(reported).toEqual(['']);
  });

  it('requests after an execution and after saving', async () => {
    const executed = NotebookActions.executed as Signal<object, object>;
    executed.emit({ notebook: panel.content });
    await begin();
    expect(sent).toHaveLength(1);
    executed.emit({ notebook: {} });
    await sent[0].answer(PROJECT);
    await begin(MIN_INTERVAL);
    expect(sent).toHaveLength(1);
    panel.context.saveState.emit('started');
    panel.context.saveState.emit('completed');
    await begin();
    expect(sent).toHaveLength(2);
    const opened = new FakePanel('new.ipynb', 'x');
    tracker.widgetAdded.emit(opened);
    opened.context.saveState.emit('completed');
    await sent[1].answer(PROJECT);
    await begin(MIN_INTERVAL);
    expect(sent[2].request.path).toBe('new.ipynb');
  });

  it('runs one request at a time, the newest next', async () => {
    tracker.activeCellChanged.emit();
    await begin();
    const others = ['a', 'b'].map(path => new FakePanel(path, 'x'));
    for (const other of others) {
      tracker.currentWidget = other;
      tracker.activeCellChanged.emit();
    }
    await begin(10 * MIN_INTERVAL);
    expect(sent).toHaveLength(1);
    await sent[0].answer(PROJECT);
    await begin(MIN_INTERVAL - 1);
    expect(sent).toHaveLength(1);
    await begin(1);
    expect(sent.map(({ request }) => request.path)).toEqual([
      'work.ipynb',
      'b'
    ]);
  });

  it('changes nothing while the user types, except at first', async () => {
    tracker.activeCellChanged.emit();
    await begin();
    panel.type('grid.l');
    await sent[0].answer(PROJECT);
    expect(projectOf(panel)).toEqual(PROJECT);
    for (const change of [
      () => panel.type('grid.lo'),
      () => (panel.content.activeCellIndex = 0)
    ]) {
      await begin(MIN_INTERVAL);
      panel.content.activeCellIndex = 1;
      tracker.activeCellChanged.emit();
      await begin();
      change();
      await sent[sent.length - 1].answer({ modules: [], files: [] });
      expect(projectOf(panel)).toEqual(PROJECT);
    }
    expect(sent).toHaveLength(3);
  });

  it('has nothing of a project that cannot be read, and reports it', async () => {
    tracker.activeCellChanged.emit();
    await begin();
    await sent[0].answer(PROJECT);
    await begin(MIN_INTERVAL);
    tracker.activeCellChanged.emit();
    await begin();
    await sent[1].fail('You are not logged in.');
    expect(projectOf(panel)).toEqual({ modules: [], files: [] });
    expect(reported).toEqual(['', 'You are not logged in.']);
  });

  it.each<[string, () => void]>([
    ['completions are off', () => (isEnabled = false)],
    [
      'no source is wanted',
      () =>
        (sources = { below: true, kernel: true, modules: false, files: false })
    ],
    ['the notebook is closed', () => (panel.isDisposed = true)],
    ['the notebook is in R', () => (panel.language = 'R')],
    [
      'the cell is no code',
      () => (panel.content.activeCell.model.type = 'markdown')
    ],
    ['no notebook is open', () => (tracker.currentWidget = null)]
  ])('requests nothing when %s', async (_, prepare) => {
    prepare();
    tracker.activeCellChanged.emit();
    await begin();
    expect(sent).toHaveLength(0);
  });
});
