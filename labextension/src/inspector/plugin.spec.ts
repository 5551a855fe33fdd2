import { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { ICompletionRequest } from '../protocol';
import { FakeResponse, flushPromises } from '../testing/fakes';
import { CommandIDs, inspectorPlugin } from './plugin';
import { IRequestRecorder } from './tokens';

const PANEL = { content: { activeCellIndex: 3 } };

describe('inspectorPlugin', () => {
  let added: Array<{ widget: Widget; area: string; options: object }>;
  let activated: string[];
  let commands: CommandRegistry;
  let items: string[];
  let settings: { changed: Signal<object, void>; composite: object };
  let shell: { currentWidget: object | null };

  async function activate(
    options: { isLab?: boolean; registry?: object | null } = {}
  ): Promise<IRequestRecorder> {
    const registry = { load: () => Promise.resolve(settings) };
    const all = { isLab: true, registry, ...options };
    shell = {
      currentWidget: PANEL,
      add: (widget: Widget, area: string, placed: object) =>
        added.push({ widget, area, options: placed }),
      activateById: (id: string) => activated.push(id)
    } as object as { currentWidget: object | null };
    const recorder = await inspectorPlugin.activate(
      { commands, shell } as unknown as JupyterFrontEnd,
      all.isLab ? ({} as ILabShell) : null,
      { currentWidget: PANEL } as unknown as INotebookTracker,
      all.registry as ISettingRegistry | null,
      {
        addItem: ({ command }: { command: string }) => items.push(command)
      } as unknown as ICommandPalette,
      null
    );
    await flushPromises();
    return recorder;
  }

  beforeEach(() => {
    added = [];
    activated = [];
    commands = new CommandRegistry();
    items = [];
    settings = { changed: new Signal({}), composite: {} };
  });

  afterEach(() => added.forEach(({ widget }) => widget.dispose()));

  it('opens one inspector beside the documents', async () => {
    await activate();
    await commands.execute(CommandIDs.open);
    await commands.execute(CommandIDs.open);
    expect(added).toHaveLength(1);
    expect(added[0]).toMatchObject({
      area: 'main',
      options: { mode: 'split-right', activate: false }
    });
    expect(activated).toEqual(Array(2).fill('jupyter-safecoder-inspector'));
    added[0].widget.dispose();
    await commands.execute(CommandIDs.open);
    expect(added).toHaveLength(2);
    expect(items).toEqual([CommandIDs.open, CommandIDs.inspect]);
  });

  it('opens in the sidebar by argument, by setting and in Notebook 7', async () => {
    await activate();
    await commands.execute(CommandIDs.open, { area: 'right' });
    added[0].widget.dispose();
    settings.composite = { area: 'right' };
    settings.changed.emit();
    await commands.execute(CommandIDs.open);
    commands = new CommandRegistry();
    settings.composite = {};
    await activate({ isLab: false });
    await commands.execute(CommandIDs.open, { area: 'main' });
    expect(added.map(({ area }) => area)).toEqual(['right', 'right', 'right']);
  });

  it.each([null, { load: () => Promise.reject(new Error()) }])(
    'works without settings',
    async registry => {
      await activate({ registry });
      await commands.execute(CommandIDs.open);
      expect(added[0].area).toBe('main');
    }
  );

  it('sends the last request again for the inspector', async () => {
    const recorder = await activate();
    expect(commands.isEnabled(CommandIDs.inspect)).toBe(false);
    const responses: FakeResponse[] = [];
    const transport = recorder.wrap((request, signal) => {
      responses.push(new FakeResponse(request, signal));
      return responses[responses.length - 1].events();
    });
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
    const request = {
      document: 'doc',
      before: [],
      options: { trigger: 'automatic' }
    } as unknown as ICompletionRequest;
    const { signal } = new AbortController();
    void transport(request, signal)[Symbol.asyncIterator]().next();
    await flushPromises();
    expect(commands.isEnabled(CommandIDs.inspect)).toBe(true);
    void commands.execute(CommandIDs.inspect);
    await flushPromises();
    expect(added).toHaveLength(1);
    expect(activated).toHaveLength(1);
    Widget.attach(added[0].widget, document.body);
    void commands.execute(CommandIDs.inspect);
    expect(activated).toHaveLength(1);
    expect(responses[1].request.options).toEqual({
      trigger: 'automatic',
      inspect: true
    });
    await responses[1].disconnect();
  });

  it('counts the cells above only in the notebook that the user is in', async () => {
    const recorder = (await activate()) as IRequestRecorder & {
      last: { cellsAbove: number | null; delay: number | null };
    };
    const transport = recorder.wrap(async function* () {
      // No event.
    });
    const send = async (): Promise<void> => {
      const { signal } = new AbortController();
      const request = { options: { trigger: 'explicit' } };
      for await (const event of transport(
        request as ICompletionRequest,
        signal
      )) {
        void event;
      }
    };
    await send();
    expect(recorder.last.cellsAbove).toBe(3);
    shell.currentWidget = {};
    await send();
    expect(recorder.last.cellsAbove).toBeNull();
  });
});
