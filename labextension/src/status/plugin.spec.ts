import { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { IRuntimeStatus } from '../protocol';
import { SuggestionEvents } from '../suggestions/events';
import { flushPromises, runtimeStatus } from '../testing/fakes';
import { CommandIDs } from './commands';
import { SafeCoderStatus } from './model';
import { statusPlugin } from './plugin';

describe('statusPlugin', () => {
  let app: { commands: CommandRegistry; shell: { add: jest.Mock } };
  let respond: () => Promise<IRuntimeStatus>;
  let settings: {
    changed: Signal<object, void>;
    composite: { [name: string]: unknown };
    set: jest.Mock;
    user: object;
  };
  let registry: { load: jest.Mock; reload: jest.Mock; set: jest.Mock };
  let status: SafeCoderStatus;

  async function activate(
    options: {
      labShell?: object;
      registry?: object | null;
      statusBar?: object;
    } = {}
  ): Promise<void> {
    status = (await statusPlugin.activate(
      app as unknown as JupyterFrontEnd,
      new SuggestionEvents(),
      (options.registry === undefined
        ? registry
        : options.registry) as ISettingRegistry | null,
      (options.statusBar ?? null) as IStatusBar | null,
      null as ICommandPalette | null,
      (options.labShell ?? null) as ILabShell | null,
      null
    )) as SafeCoderStatus;
    await flushPromises();
  }

  /** Let the pending poll run with a status. */
  async function poll(fields: Partial<IRuntimeStatus>): Promise<void> {
    respond = () => Promise.resolve(runtimeStatus(fields));
    status.refresh();
    await jest.advanceTimersByTimeAsync(10);
    await flushPromises();
  }

  beforeEach(() => {
    jest.useFakeTimers();
    jest
      .spyOn(ServerConnection, 'makeRequest')
      .mockImplementation(
        async () => ({ ok: true, json: () => respond() }) as unknown as Response
      );
    respond = () => Promise.resolve(runtimeStatus());
    settings = {
      changed: new Signal({}),
      composite: {},
      set: jest.fn(() => Promise.resolve()),
      user: {}
    };
    registry = {
      load: jest.fn(() => Promise.resolve(settings)),
      reload: jest.fn(() => Promise.resolve(settings)),
      set: jest.fn(() => Promise.resolve())
    };
    app = Object.assign(
      {
        commands: new CommandRegistry(),
        restored: Promise.resolve(),
        shell: { add: jest.fn() }
      },
      { serviceManager: { serverSettings: { baseUrl: 'http://localhost/' } } }
    );
  });

  afterEach(() => {
    status.dispose();
    PageConfig.setOption('notebookPage', '');
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  describe('settings', () => {
    it.each([
      [undefined, true],
      [true, true],
      [false, false]
    ])('sets completions on for %j: %j', async (enabled, expected) => {
      settings.composite = { enabled };
      await activate();
      expect(status.enabled).toBe(expected);
      expect(registry.load).toHaveBeenCalledWith('jupyter-safecoder:status');
    });

    it('follows a change', async () => {
      await activate();
      settings.composite = { enabled: false };
      settings.changed.emit();
      expect(status.enabled).toBe(false);
    });

    it('saves the switch', async () => {
      await activate();
      await status.setEnabled(false);
      expect(registry.set.mock.calls).toEqual([
        ['jupyter-safecoder:status', 'enabled', false]
      ]);
    });

    it.each<[string, object | null]>([
      ['there is no registry', null],
      ['they cannot be loaded', { load: () => Promise.reject(new Error()) }]
    ])('sets completions on if %s', async (_, noRegistry) => {
      await activate({ registry: noRegistry });
      expect(status.enabled).toBe(true);
    });
  });

  describe('modes', () => {
    const document = { kind: 'notebook', language: 'r', path: 'a.ipynb' };

    function open(): void {
      status.modes.findDocument = () => document as never;
      status.modes.update();
    }

    it('are those that were saved, before completions are on', async () => {
      const documents = { 'a.ipynb': 'off' };
      settings.composite = { documents, languages: { r: 'manual' } };
      await activate();
      open();
      expect(status.modes.choice('document')).toBe('off');
      expect(status.modes.choice('language')).toBe('manual');
      expect(status.enabled).toBe(true);
    });

    it('are saved beside those of other pages', async () => {
      await activate();
      open();
      // Saved by another page since this one was loaded.
      const documents = { 'b.ipynb': 'manual' };
      registry.reload.mockResolvedValue({ composite: { documents } });
      await status.modes.choose('document', 'off');
      await status.modes.choose('language', 'manual');
      await status.modes.choose('everything', 'manual');
      await status.modes.choose('everything', 'off');
      expect(registry.set.mock.calls).toEqual([
        [
          'jupyter-safecoder:status',
          'documents',
          { 'b.ipynb': 'manual', 'a.ipynb': 'off' }
        ],
        ['jupyter-safecoder:status', 'languages', { r: 'manual' }],
        ['jupyter-safecoder:status', 'enabled', true],
        ['jupyter-safecoder:status', 'enabled', false]
      ]);
      expect(settings.set.mock.calls).toEqual([
        ['providers', { 'jupyter-safecoder': { suggestions: 'manual' } }]
      ]);
      expect(status.enabled).toBe(false);
    });

    it('are in memory where there is no registry', async () => {
      await activate({ registry: null });
      open();
      await status.modes.choose('document', 'off');
      expect(status.modes.current).toBe('off');
    });

    it("follow Lab's setting", async () => {
      await activate();
      expect(status.modes.everything).toBe('automatic');
      const own = { suggestions: 'manual' };
      settings.composite = { providers: { 'jupyter-safecoder': own } };
      settings.changed.emit();
      expect(status.modes.everything).toBe('manual');
    });
  });

  describe('the status item', () => {
    it('is in the status bar, if there is one', async () => {
      const statusBar = { registerStatusItem: jest.fn() };
      await activate({ labShell: {}, statusBar });
      const [[id, { item, align }]] = statusBar.registerStatusItem.mock.calls;
      expect([id, item.id, align]).toEqual([
        'jupyter-safecoder:status',
        'jupyter-safecoder-status',
        'right'
      ]);
      expect(app.commands.isEnabled(CommandIDs.showStatus)).toBe(true);
      expect(app.shell.add).not.toHaveBeenCalled();
      item.dispose();
    });

    it.each(['notebooks', 'edit', 'consoles'])(
      'is in the menu bar of the page %s of Notebook 7',
      async page => {
        PageConfig.setOption('notebookPage', page);
        await activate();
        const [[item, area]] = app.shell.add.mock.calls;
        expect([item.id, area]).toEqual(['jupyter-safecoder-status', 'menu']);
        item.dispose();
      }
    );

    it.each<[string, object]>([
      ['tree', {}],
      ['notebooks', { labShell: {} }]
    ])('is not on the page %s with %j', async (page, options) => {
      PageConfig.setOption('notebookPage', page);
      await activate(options);
      expect(app.shell.add).not.toHaveBeenCalled();
      expect(app.commands.isEnabled(CommandIDs.showStatus)).toBe(false);
    });
  });

  describe('notifications', () => {
    const failed = { state: 'failed', reason: 'A.', remedy: 'B.' } as const;
    let dismiss: jest.SpyInstance;
    let error: jest.SpyInstance;

    beforeEach(async () => {
      let count = 0;
      dismiss = jest.spyOn(Notification, 'dismiss').mockReturnValue();
      error = jest
        .spyOn(Notification, 'error')
        .mockImplementation(() => `notification-${++count}`);
      await activate();
      await poll(failed);
    });

    it('show a failure, until the model is ready', async () => {
      expect(error.mock.calls).toEqual([
        ['SafeCoder failed. A. B.', { autoClose: false }]
      ]);
      await poll({ state: 'loading' });
      expect(dismiss).not.toHaveBeenCalled();
      await poll({});
      expect(dismiss.mock.calls).toEqual([['notification-1']]);
      await poll({ state: 'busy' });
      expect(dismiss).toHaveBeenCalledTimes(1);
    });

    it('show only the last failure', async () => {
      await poll({ state: 'loading' });
      await poll(failed);
      expect(error).toHaveBeenCalledTimes(2);
      expect(dismiss.mock.calls).toEqual([['notification-1']]);
    });
  });

  it('polls when the page becomes visible', async () => {
    await activate();
    await jest.advanceTimersByTimeAsync(10);
    const { calls } = (ServerConnection.makeRequest as jest.Mock).mock;
    const before = calls.length;
    const hidden = jest.spyOn(document, 'hidden', 'get');
    hidden.mockReturnValue(true);
    document.dispatchEvent(new Event('visibilitychange'));
    await jest.advanceTimersByTimeAsync(10);
    expect(calls).toHaveLength(before);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    await jest.advanceTimersByTimeAsync(10);
    expect(calls).toHaveLength(before + 1);
  });
});
