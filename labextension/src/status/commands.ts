import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { safeCoderIcon } from '../icon';
import { StatusItem } from './item';
import { ISafeCoderStatus } from './tokens';

/** The commands of SafeCoder. */
export namespace CommandIDs {
  /** Turn completions on or off. */
  export const toggle = 'safecoder:toggle';

  /** Start the model, or restart it after a failure. */
  export const start = 'safecoder:start';

  /** Open the popup of the status item. */
  export const showStatus = 'safecoder:show-status';
}

/**
 * Add the commands, also to the palette if there is one.
 *
 * @param item - Finds the status item, if one is on the page.
 */
export function addCommands(
  app: JupyterFrontEnd,
  status: ISafeCoderStatus,
  palette: ICommandPalette | null,
  item: () => StatusItem | null
): void {
  const { commands } = app;
  const describedBy = { args: { type: 'object', properties: {} } };
  commands.addCommand(CommandIDs.toggle, {
    label: 'SafeCoder: Completions on/off',
    caption: 'Turn the suggestions of SafeCoder on or off',
    describedBy,
    icon: args => (args.isPalette ? undefined : safeCoderIcon),
    isToggled: () => status.enabled,
    execute: () => status.setEnabled(!status.enabled)
  });
  commands.addCommand(CommandIDs.start, {
    label: 'SafeCoder: Start the model',
    caption: 'Start the model, or restart it after a failure',
    describedBy,
    isEnabled: () => status.enabled,
    execute: () => status.start()
  });
  commands.addCommand(CommandIDs.showStatus, {
    label: 'SafeCoder: Show the status',
    caption: 'Show what SafeCoder is doing, and why',
    describedBy,
    isEnabled: () => item() !== null,
    execute: () => item()?.togglePopup()
  });
  for (const command of [
    CommandIDs.toggle,
    CommandIDs.start,
    CommandIDs.showStatus
  ]) {
    palette?.addItem({ command, category: 'SafeCoder' });
  }
  status.changed.connect(() => {
    commands.notifyCommandChanged(CommandIDs.toggle);
    commands.notifyCommandChanged(CommandIDs.start);
  });
}
