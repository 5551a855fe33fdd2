import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { SuggestionSources } from '../attribution/sources';
import { ISafeCoderStatus } from '../status/tokens';
import { SuggestionEvents } from '../suggestions/events';
import { OPEN_PANEL, panelPlugin } from './plugin';

describe('panelPlugin', () => {
  const commands = new CommandRegistry();
  const shell = { activateById: jest.fn(), add: jest.fn() };

  function activate(
    app: object,
    restorer: object | null,
    palette: object | null
  ): void {
    void panelPlugin.activate(
      app as JupyterFrontEnd,
      { changed: new Signal({}), models: null } as unknown as ISafeCoderStatus,
      new SuggestionEvents(),
      new SuggestionSources(),
      restorer as ILayoutRestorer | null,
      palette as ICommandPalette | null,
      null
    );
  }

  it('adds the panel to a side area, and opens it', async () => {
    const serviceManager = { serverSettings: { baseUrl: '/' } };
    const palette = { addItem: jest.fn() };
    const restorer = { add: jest.fn() };
    activate({ commands, serviceManager, shell }, restorer, palette);
    const [[panel, area]] = shell.add.mock.calls;
    expect(area).toBe('right');
    expect(restorer.add.mock.calls).toEqual([[panel, panel.id]]);
    expect(palette.addItem.mock.calls[0][0].command).toBe(OPEN_PANEL);
    await commands.execute(OPEN_PANEL);
    expect(shell.activateById.mock.calls).toEqual([
      ['jupyter-safecoder-panel']
    ]);
    panel.dispose();
  });

  it('works without a palette and a layout to restore', () => {
    const serviceManager = { serverSettings: { baseUrl: '/' } };
    const app = { commands: new CommandRegistry(), serviceManager, shell };
    expect(() => activate(app, null, null)).not.toThrow();
  });
});
