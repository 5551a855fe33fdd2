import { JupyterFrontEnd } from '@jupyterlab/application';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  IInlineCompletionContext,
  InlineCompleter
} from '@jupyterlab/completer';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { ISuggestionSources } from '../attribution/tokens';
import { IExclusions } from '../exclusion/tokens';
import { IRequestRecorder } from '../inspector/tokens';
import { ISafeCoderStatus } from '../status/tokens';
import { SuggestionModes } from '../status/modes';
import { SuggestionEvents } from '../suggestions/events';
import { FakeSession } from '../testing/fakeKernel';
import { createModes, flushPromises } from '../testing/fakes';
import { completionPlugin } from './plugin';
import { MIN_INTERVAL } from './context/project';
import { SafeCoderProvider } from './provider';

describe('completionPlugin', () => {
  let events: SuggestionEvents;
  let installed: IInlineCompleterFactory | null;
  let notebooks: {
    activeCellChanged: Signal<object, void>;
    currentWidget: object | null;
    forEach: (visit: (panel: object) => void) => void;
    has: () => boolean;
    size: number;
    widgetAdded: Signal<object, object>;
  };
  let provider: SafeCoderProvider | null;
  let settings: {
    changed: Signal<object, void>;
    composite: { announce?: boolean; startWithNotebook?: boolean };
  };
  let status: {
    changed: Signal<object, void>;
    enabled: boolean;
    modes: SuggestionModes;
    onEmpty: jest.Mock;
    onProject: jest.Mock;
    start: jest.Mock;
    view: { model: string; state: string };
  };

  const manager = {
    registerInlineProvider: (registered: SafeCoderProvider) => {
      provider = registered;
    },
    setInlineCompleterFactory: (factory: IInlineCompleterFactory) => {
      installed = factory;
    }
  };
  const factory = {
    factory: (options: InlineCompleter.IOptions) => options
  };
  const toolbar = { addItem: jest.fn() };

  async function activate(
    options: {
      exclusions?: object | null;
      factory?: object | null;
      manager?: object;
      notebooks?: object | null;
      recorder?: object | null;
      registry?: object | null;
      sources?: object | null;
      widget?: object;
    } = {}
  ): Promise<void> {
    const registry = { load: () => Promise.resolve(settings) };
    const widget = undefined as object | undefined;
    const all = {
      exclusions: null,
      factory,
      manager,
      notebooks,
      recorder: null,
      registry,
      sources: null,
      widget,
      ...options
    };
    const app = {
      commands: new CommandRegistry(),
      serviceManager: { serverSettings: { baseUrl: 'http://localhost/' } },
      shell: { currentWidget: all.widget ?? null },
      started: Promise.resolve()
    };
    await completionPlugin.activate(
      app as unknown as JupyterFrontEnd,
      all.manager as unknown as ICompletionProviderManager,
      status as unknown as ISafeCoderStatus,
      events,
      all.factory as unknown as IInlineCompleterFactory | null,
      all.notebooks as unknown as INotebookTracker | null,
      null,
      null,
      all.registry as unknown as ISettingRegistry | null,
      null,
      all.exclusions as unknown as IExclusions | null,
      all.recorder as unknown as IRequestRecorder | null,
      all.sources as unknown as ISuggestionSources | null,
      null
    );
    await flushPromises();
  }

  function openNotebook(): void {
    notebooks.size++;
    notebooks.widgetAdded.emit({
      content: { activeCellChanged: new Signal({}) },
      context: {
        path: 'a.ipynb',
        pathChanged: new Signal({}),
        saveState: new Signal({})
      },
      disposed: new Signal({}),
      sessionContext: new FakeSession()
    });
  }

  beforeEach(() => {
    installed = provider = null;
    notebooks = {
      activeCellChanged: new Signal({}),
      currentWidget: null,
      forEach: visit =>
        notebooks.currentWidget && visit(notebooks.currentWidget),
      has: () => false,
      size: 0,
      widgetAdded: new Signal({})
    };
    settings = { changed: new Signal<object, void>({}), composite: {} };
    document.body.replaceChildren();
    status = {
      changed: new Signal({}),
      enabled: true,
      modes: createModes().modes,
      onEmpty: jest.fn(),
      onProject: jest.fn(),
      start: jest.fn(),
      view: { model: 'smol', state: 'ready' }
    };
    events = new SuggestionEvents();
  });

  it('registers the provider before it waits for anything', () => {
    void activate();
    expect(provider?.identifier).toBe('jupyter-safecoder');
    expect(provider?.name).toBe('SafeCoder');
    expect(provider?.icon.name).toBe('jupyter-safecoder:icon');
  });

  it('requests what the project adds once completions are turned on', async () => {
    const getSource = jest.fn(() => '');
    const activeCell = {
      model: {
        contentChanged: new Signal({}),
        getMetadata: () => undefined,
        metadataChanged: new Signal({}),
        outputs: { length: 0 },
        sharedModel: { getSource },
        type: 'code'
      }
    };
    status.enabled = false;
    notebooks.currentWidget = {
      content: {
        activeCell,
        activeCellChanged: new Signal({}),
        activeCellIndex: 0,
        model: {
          cells: { changed: new Signal({}) },
          getMetadata: () => undefined
        },
        modelChanged: new Signal({}),
        widgets: [activeCell]
      },
      context: { path: 'a.ipynb', saveState: new Signal({}) },
      disposed: new Signal({}),
      sessionContext: new FakeSession()
    };
    const settled = (): Promise<void> =>
      new Promise(resolve => setTimeout(resolve, 20));
    await activate();
    notebooks.activeCellChanged.emit();
    await settled();
    expect(getSource).not.toHaveBeenCalled();
    await new Promise(resolve => setTimeout(resolve, MIN_INTERVAL));
    status.enabled = true;
    status.changed.emit();
    status.changed.emit();
    await settled();
    expect(getSource).toHaveBeenCalled();
  });

  it('asks after Enter, and when a composed text is complete', async () => {
    const start = { line: 0, column: 0 };
    const editor = {
      getCursorPosition: () => start,
      getOffsetAt: () => 0,
      getOption: () => false,
      getSelection: () => ({ start, end: start }),
      getSelections: () => [start],
      hasFocus: () => true,
      model: { sharedModel: { getSource: () => '' } }
    };
    const activeCell = { editor, model: { type: 'code', id: '1' } };
    const widget = {
      id: 'panel',
      content: {
        activeCell,
        activeCellIndex: 0,
        model: {
          cells: { changed: new Signal({}) },
          getMetadata: () => undefined
        },
        modelChanged: new Signal({}),
        widgets: [activeCell]
      },
      context: { path: 'a.ipynb' },
      disposed: new Signal({}),
      sessionContext: new FakeSession()
    };
    const invoke = jest.fn();
    notebooks.has = () => true;
    await activate({ manager: { ...manager, inline: { invoke } }, widget });
    const cell = document.createElement('div');
    cell.className = 'jp-Editor';
    document.body.append(cell);
    const send = async (event: Event): Promise<void> => {
      cell.dispatchEvent(event);
      await new Promise(resolve => setTimeout(resolve, 20));
    };
    const init = { bubbles: true, key: 'Enter' };
    await send(new KeyboardEvent('keydown', init));
    expect(invoke.mock.calls).toEqual([['panel']]);
    editor.model.sharedModel.getSource = () => 'é';
    await send(new Event('compositionend', { bubbles: true }));
    expect(invoke).toHaveBeenCalledTimes(2);
  });

  it('warms the cell that is entered, and reads what is cycled to', async () => {
    await activate({ widget: {} });
    const warm = jest.spyOn(provider!, 'warm').mockReturnValue();
    jest.spyOn(provider!, 'choose').mockReturnValue();
    const shown = { insertText: 'max(y)', provider: { identifier: 'other' } };
    const completer = {
      current: shown,
      cycle: () => {
        completer.current = { ...shown, insertText: 'min(y)' };
      },
      disposed: new Signal({}),
      isActive: true,
      model: { suggestionsChanged: new Signal({}) },
      toolbar
    };
    installed!.factory(completer as unknown as InlineCompleter.IOptions);
    jest.useFakeTimers();
    notebooks.activeCellChanged.emit();
    completer.cycle();
    await flushPromises();
    jest.advanceTimersByTime(1000);
    jest.useRealTimers();
    expect(warm.mock.calls).toEqual([[{ triggerKind: 0, widget: {} }]]);
    expect(document.querySelector('.jp-SafeCoder-announcer')).toHaveProperty(
      'textContent',
      'Suggestion: min(y)'
    );
  });

  it('explains that a Jupyter without ghost text shows no suggestion', async () => {
    await activate({ manager: {} });
    expect(provider).toBeNull();
    expect(status.onEmpty.mock.calls).toEqual([
      ['this version of Jupyter cannot show completions.']
    ]);
  });

  it('works without a factory, notebooks and settings', async () => {
    await activate({ factory: null, notebooks: null, registry: null });
    expect(provider).not.toBeNull();
    expect(installed).toBeNull();
    expect(status.start).not.toHaveBeenCalled();
  });

  it('resets the provider where the user is in what is excluded', async () => {
    const exclusions = {
      changed: new Signal<object, void>({}),
      current: null as object | null,
      isExcluded: jest.fn(() => true),
      watch: jest.fn(transport => transport)
    };
    notebooks.has = () => true;
    const recorder = { wrap: jest.fn(transport => transport) };
    const sources = { wrap: jest.fn(transport => transport) };
    await activate({ exclusions, recorder, sources });
    const [watched] = exclusions.watch.mock.calls[0];
    expect(recorder.wrap.mock.calls).toEqual([[watched]]);
    expect(sources.wrap.mock.calls).toEqual([[watched]]);
    const reset = jest.spyOn(provider!, 'reset');
    exclusions.changed.emit();
    expect(reset).not.toHaveBeenCalled();
    exclusions.current = {};
    exclusions.changed.emit();
    expect(reset).toHaveBeenCalledTimes(1);
    const widget = {} as Widget;
    await expect(
      provider!.fetch({ text: '', offset: 0 }, {
        widget
      } as IInlineCompletionContext)
    ).rejects.toThrow('not in an editor');
    expect(exclusions.isExcluded).toHaveBeenLastCalledWith(widget);
  });

  it('resets the provider and its suggestions when turned off', async () => {
    await activate();
    const reset = jest.spyOn(provider!, 'reset');
    const model = { reset: jest.fn() };
    installed!.factory({
      accept: jest.fn(),
      cycle: () => undefined,
      current: { provider: { identifier: provider!.identifier } },
      disposed: new Signal({}),
      model: { ...model, suggestionsChanged: new Signal({}) },
      toolbar
    } as unknown as InlineCompleter.IOptions);
    status.changed.emit();
    expect([reset, model.reset].map(f => f.mock.calls.length)).toEqual([0, 0]);
    status.enabled = false;
    status.changed.emit();
    expect([reset, model.reset].map(f => f.mock.calls.length)).toEqual([1, 1]);
  });

  describe('start with the first notebook', () => {
    it('starts the runtime once', async () => {
      await activate();
      expect(status.start).not.toHaveBeenCalled();
      openNotebook();
      expect(status.start).toHaveBeenCalledTimes(1);
      openNotebook();
      status.changed.emit();
      expect(status.start).toHaveBeenCalledTimes(1);
    });

    it('starts for a notebook that is open already', async () => {
      notebooks.size = 1;
      await activate({ registry: { load: () => Promise.reject(new Error()) } });
      expect(status.start).toHaveBeenCalledTimes(1);
    });

    it('waits until completions are on', async () => {
      status.enabled = false;
      await activate();
      openNotebook();
      expect(status.start).not.toHaveBeenCalled();
      status.enabled = true;
      status.changed.emit();
      expect(status.start).toHaveBeenCalledTimes(1);
    });

    it('does not start if the setting is off', async () => {
      settings.composite.startWithNotebook = false;
      await activate();
      openNotebook();
      expect(status.start).not.toHaveBeenCalled();
    });
  });
});
