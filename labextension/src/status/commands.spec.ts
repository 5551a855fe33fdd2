import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { trans } from '../testing/fakes';
import { CommandIDs, addCommands } from './commands';
import { StatusItem } from './item';
import { Snooze } from './snooze';
import { ISafeCoderStatus } from './tokens';

describe('addCommands', () => {
  let commands: CommandRegistry;
  let item: { togglePopup: jest.Mock } | null;
  let palette: { addItem: jest.Mock };
  let status: {
    changed: Signal<object, void>;
    enabled: boolean;
    setEnabled: jest.Mock;
    snooze: Snooze;
    start: jest.Mock;
  };

  function add(withPalette: boolean): void {
    commands = new CommandRegistry();
    addCommands({
      app: { commands } as JupyterFrontEnd,
      getItem: () => item as StatusItem | null,
      palette: withPalette ? (palette as unknown as ICommandPalette) : null,
      status: status as unknown as ISafeCoderStatus,
      trans
    });
  }

  beforeEach(() => {
    item = { togglePopup: jest.fn() };
    palette = { addItem: jest.fn() };
    status = {
      changed: new Signal({}),
      enabled: true,
      setEnabled: jest.fn(),
      snooze: new Snooze(),
      start: jest.fn()
    };
    add(true);
  });

  it('turns completions on and off', async () => {
    expect(commands.isToggled(CommandIDs.toggle)).toBe(true);
    await commands.execute(CommandIDs.toggle);
    status.enabled = false;
    expect(commands.isToggled(CommandIDs.toggle)).toBe(false);
    await commands.execute(CommandIDs.toggle);
    expect(status.setEnabled.mock.calls).toEqual([[false], [true]]);
  });

  it('starts the model, but not while completions are off', async () => {
    await commands.execute(CommandIDs.start);
    expect(status.start).toHaveBeenCalledTimes(1);
    status.enabled = false;
    expect(commands.isEnabled(CommandIDs.start)).toBe(false);
  });

  it('opens the popup, if the page has a status item', async () => {
    await commands.execute(CommandIDs.showStatus);
    expect(item!.togglePopup).toHaveBeenCalledTimes(1);
    item = null;
    expect(commands.isEnabled(CommandIDs.showStatus)).toBe(false);
  });

  it('pauses completions, and resumes them', async () => {
    await commands.execute(CommandIDs.snooze);
    expect(status.snooze.seconds).toBe(600);
    await commands.execute(CommandIDs.snooze);
    expect(status.snooze.seconds).toBe(0);
  });

  it('opens the settings, where there is an editor for them', async () => {
    expect(commands.isEnabled(CommandIDs.openSettings)).toBe(false);
    const execute = jest.fn();
    commands.addCommand('settingeditor:open', { execute });
    await commands.execute(CommandIDs.openSettings);
    expect(execute.mock.calls).toEqual([[{ query: 'SafeCoder' }]]);
  });

  it('adds labelled commands to the palette, if there is one', () => {
    const ids = palette.addItem.mock.calls.map(([{ command }]) => command);
    expect(ids).toEqual(commands.listCommands());
    expect(ids).toHaveLength(5);
    for (const id of ids) {
      expect(commands.label(id)).toMatch(/^SafeCoder: /);
      expect(commands.caption(id)).not.toBe('');
    }
    expect(() => add(false)).not.toThrow();
  });

  it('shows the icon outside of the palette only', () => {
    expect(commands.icon(CommandIDs.toggle)).toBeDefined();
    const args = { isPalette: true };
    expect(commands.icon(CommandIDs.toggle, args)).toBeUndefined();
  });

  it('reports changed commands when the status changes', () => {
    const changed: unknown[] = [];
    commands.commandChanged.connect((_, { id }) => void changed.push(id));
    status.changed.emit();
    expect(changed).toEqual([CommandIDs.toggle, CommandIDs.start]);
  });
});
