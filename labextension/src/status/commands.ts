import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { safeCoderIcon } from '../icon';
import { StatusItem } from './item';
import { ISafeCoderStatus } from './tokens';

/** The ids of our commands. */
export namespace CommandIDs {
  /** Turn completions on or off. */
  export const toggle = 'safecoder:toggle';

  /** Start the runtime, or restart it after a failure. */
  export const start = 'safecoder:start';

  /** Open or close the popup of the status item. */
  export const showStatus = 'safecoder:show-status';

  /** Pause completions for some minutes, or resume them. */
  export const snooze = 'safecoder:snooze';

  /** Open the settings. */
  export const openSettings = 'safecoder:open-settings';
}

/** The command of Lab and Notebook 7 that opens the settings. */
const SETTING_EDITOR = 'settingeditor:open';

/**
 * Add our commands to an application.
 */
export function addCommands(options: addCommands.IOptions): void {
  const { app, status, palette, getItem, trans } = options;
  const { commands } = app;
  const describedBy = { args: { type: 'object', properties: {} } };
  commands.addCommand(CommandIDs.toggle, {
    label: trans.__('SafeCoder: Completions On/Off'),
    caption: trans.__('Turn completions on or off'),
    describedBy,
    icon: args => (args.isPalette ? undefined : safeCoderIcon),
    isToggled: () => status.enabled,
    execute: () => status.setEnabled(!status.enabled)
  });
  commands.addCommand(CommandIDs.start, {
    label: trans.__('SafeCoder: Start the Model'),
    caption: trans.__('Start the model, or restart it after a failure'),
    describedBy,
    isEnabled: () => status.enabled,
    execute: () => status.start()
  });
  commands.addCommand(CommandIDs.showStatus, {
    label: trans.__('SafeCoder: Show the Status'),
    caption: trans.__('Show the state of SafeCoder and its reason'),
    describedBy,
    isEnabled: () => getItem() !== null,
    execute: () => getItem()?.togglePopup()
  });
  commands.addCommand(CommandIDs.snooze, {
    label: trans.__('SafeCoder: Pause for 10 Minutes/Resume'),
    caption: trans.__('Pause completions for 10 minutes, or resume them'),
    describedBy,
    execute: () =>
      status.snooze.seconds > 0 ? status.snooze.end() : status.snooze.start()
  });
  commands.addCommand(CommandIDs.openSettings, {
    label: trans.__('SafeCoder: Settings'),
    caption: trans.__('Open the settings of SafeCoder'),
    describedBy,
    isEnabled: () => commands.hasCommand(SETTING_EDITOR),
    execute: () => commands.execute(SETTING_EDITOR, { query: 'SafeCoder' })
  });
  for (const command of Object.values(CommandIDs)) {
    palette?.addItem({ command, category: 'SafeCoder' });
  }
  status.changed.connect(() => {
    commands.notifyCommandChanged(CommandIDs.toggle);
    commands.notifyCommandChanged(CommandIDs.start);
  });
}

/**
 * A namespace for `addCommands` statics.
 */
export namespace addCommands {
  /** What the commands work with. */
  export interface IOptions {
    /** The application. */
    app: JupyterFrontEnd;

    /** Finds the status item; `null` if the page has none. */
    getItem: () => StatusItem | null;

    /** Gets the commands too, if there is one. */
    palette: ICommandPalette | null;

    /** The state to show and to change. */
    status: ISafeCoderStatus;

    /** Translates labels and captions. */
    trans: TranslationBundle;
  }
}
