import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { CompletionTransport } from '../completion/requests/transport';
import { ICompletionRequest, IExclusion } from '../protocol';
import { doneEvent, flushPromises, trans } from '../testing/fakes';
import { Exclusions } from './exclusions';
import { IgnoredPaths } from './ignoredPaths';
import { ExclusionMonitor } from './monitor';

/** A cell or notebook model with metadata. */
class FakeModel {
  metadata: { [key: string]: unknown } = {};
  readonly metadataChanged = new Signal<this, void>(this);

  getMetadata(key: string): unknown {
    return this.metadata[key];
  }

  set(key: string, value: unknown): void {
    this.metadata[key] = value;
    this.metadataChanged.emit();
  }
}

class FakePanel {
  constructor(path: string) {
    this.context.path = path;
  }

  readonly context = {
    path: '',
    pathChanged: new Signal<object, string>({}),
    saveState: new Signal<object, string>({})
  };
  readonly content = {
    activeCell: { model: new FakeModel() },
    model: new FakeModel() as FakeModel | null,
    modelChanged: new Signal<object, void>({})
  };
  readonly disposed = new Signal<this, void>(this);
}

describe('ExclusionMonitor', () => {
  let answers: { [path: string]: IExclusion };
  let asked: string[];
  let changes: number;
  let monitor: ExclusionMonitor;
  let notebooks: {
    activeCellChanged: Signal<object, object | null>;
    has: () => boolean;
    widgetAdded: Signal<object, FakePanel>;
  };
  let shell: {
    currentChanged: Signal<object, void>;
    currentWidget: FakePanel | null;
  };

  async function open(path: string): Promise<FakePanel> {
    const panel = new FakePanel(path);
    notebooks.widgetAdded.emit(panel);
    shell.currentWidget = panel;
    shell.currentChanged.emit();
    notebooks.activeCellChanged.emit(panel.content.activeCell);
    await flushPromises();
    return panel;
  }

  function asWidget(panel: FakePanel): Widget {
    return panel as unknown as Widget;
  }

  beforeEach(() => {
    jest.useFakeTimers();
    answers = {};
    asked = [];
    changes = 0;
    notebooks = {
      activeCellChanged: new Signal({}),
      has: () => true,
      widgetAdded: new Signal({})
    };
    shell = { currentChanged: new Signal({}), currentWidget: null };
    const paths = new IgnoredPaths(async path => {
      asked.push(path);
      return answers[path] ?? { excluded: false, reason: '', remedy: '' };
    });
    const exclusions = new Exclusions({
      consoles: null,
      editors: null,
      notebooks: notebooks as unknown as INotebookTracker,
      paths,
      trans
    });
    monitor = new ExclusionMonitor(
      shell as unknown as JupyterFrontEnd.IShell,
      exclusions,
      paths
    );
    monitor.follow(notebooks as unknown as INotebookTracker);
    monitor.changed.connect(() => changes++);
  });

  afterEach(() => jest.useRealTimers());

  it('asks about a notebook when it opens', async () => {
    const panel = new FakePanel('a.ipynb');
    notebooks.widgetAdded.emit(panel);
    expect(asked).toEqual(['a.ipynb']);
    expect(monitor.isExcluded(asWidget(panel))).toBe(true);
    await flushPromises();
    expect(monitor.isExcluded(asWidget(panel))).toBe(false);
    expect(changes).toBe(1);
    expect(monitor.current).toBeNull();
  });

  it('follows the tag of the active cell', async () => {
    const panel = await open('a.ipynb');
    const { model } = panel.content.activeCell;
    changes = 0;
    model.set('tags', ['safecoder-off']);
    expect(monitor.current?.reason).toContain('by its tag');
    model.set('collapsed', true);
    expect(changes).toBe(1);
    panel.content.activeCell = { model: new FakeModel() };
    notebooks.activeCellChanged.emit(panel.content.activeCell);
    expect(monitor.current).toBeNull();
    expect(changes).toBe(2);
    model.set('tags', ['safecoder-off']);
    notebooks.activeCellChanged.emit(null);
    expect(changes).toBe(2);
  });

  it('follows the metadata of a notebook, also of a later model', async () => {
    const panel = await open('a.ipynb');
    panel.content.model!.set('safecoder', 'off');
    expect(monitor.current?.reason).toContain('by its metadata');
    panel.content.model = null;
    panel.content.modelChanged.emit();
    expect(monitor.current).toBeNull();
    panel.content.model = new FakeModel();
    panel.content.modelChanged.emit();
    panel.content.model.set('safecoder', false);
    expect(monitor.current?.reason).toContain('by its metadata');
  });

  it('asks again after a rename, a save, and in a document that is returned to', async () => {
    const panel = await open('a.ipynb');
    asked = [];
    panel.context.path = 'b.ipynb';
    panel.context.pathChanged.emit('b.ipynb');
    expect(asked).toEqual(['b.ipynb']);
    await flushPromises();
    jest.advanceTimersByTime(5000);
    panel.context.saveState.emit('started');
    panel.context.saveState.emit('completed');
    expect(asked).toEqual(['b.ipynb', 'b.ipynb']);
    jest.advanceTimersByTime(5000);
    shell.currentChanged.emit();
    expect(asked).toHaveLength(3);
    panel.disposed.emit();
    jest.advanceTimersByTime(5000);
    panel.context.saveState.emit('completed');
    expect(asked).toHaveLength(3);
  });

  it('asks again when the server refuses a completion', async () => {
    const panel = await open('a.ipynb');
    jest.advanceTimersByTime(5000);
    answers['a.ipynb'] = { excluded: true, reason: 'Off.', remedy: '' };
    const transport: CompletionTransport = async function* () {
      yield doneEvent('x');
      yield doneEvent('', { finish_reason: 'excluded' });
    };
    const request = { path: 'a.ipynb' } as ICompletionRequest;
    const events = monitor.watch(transport)(
      request,
      new AbortController().signal
    );
    const reasons: string[] = [];
    for await (const event of events) {
      reasons.push(event.event === 'done' ? event.finish_reason : event.event);
    }
    await flushPromises();
    expect(reasons).toEqual(['end', 'excluded']);
    expect(monitor.current?.reason).toBe('Off.');
    expect(monitor.isExcluded(asWidget(panel))).toBe(true);
  });

  it.each([
    [{ newValue: { path: 'folder/.safecoderignore' } }, 2],
    [{ oldValue: { path: '.safecoderignore' }, newValue: null }, 2],
    [{ newValue: { path: 'RTC:.safecoderignore' } }, 2],
    [{ newValue: { path: 'a.safecoderignore' } }, 1],
    [{ oldValue: null, newValue: null }, 1]
  ])('asks again after the change %j', async (change, count) => {
    await open('a.ipynb');
    monitor.onFileChanged(
      {} as Contents.IManager,
      change as unknown as Contents.IChangedArgs
    );
    expect(asked).toHaveLength(count);
  });

  it('finds nothing where there is no document', () => {
    shell.currentChanged.emit();
    monitor.update();
    expect(monitor.current).toBeNull();
    expect(changes).toBe(0);
  });
});
