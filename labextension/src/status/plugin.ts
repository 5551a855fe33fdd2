import {
  ILabShell,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';

import { httpStatusApi } from './api';
import { addCommands } from './commands';
import { StatusItem } from './item';
import { SafeCoderStatus } from './model';
import { ISafeCoderStatus } from './tokens';

/** Between Notebook 7's kernel status and its trust indicator. */
const NOTEBOOK_MENU_RANK = 10_500;

/** The pages of Notebook 7 where something is edited. */
const EDITING_PAGES = ['notebooks', 'edit', 'consoles'];

/**
 * Says what SafeCoder is doing, and turns it on and off.
 */
export const statusPlugin: JupyterFrontEndPlugin<ISafeCoderStatus> = {
  id: 'jupyter-safecoder:status',
  description: 'Shows the state of SafeCoder and turns it on and off.',
  autoStart: true,
  provides: ISafeCoderStatus,
  optional: [ISettingRegistry, IStatusBar, ICommandPalette, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    settings: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null,
    labShell: ILabShell | null
  ): ISafeCoderStatus => {
    const status = new SafeCoderStatus({
      api: httpStatusApi(app.serviceManager.serverSettings),
      save: async enabled => {
        await settings?.set(statusPlugin.id, 'enabled', enabled);
      }
    });
    void Private.follow(status, settings);
    let failure = '';
    status.failed.connect((_, view) => {
      if (failure) {
        Notification.dismiss(failure);
      }
      failure = Notification.error(
        `SafeCoder failed. ${view.reason} ${view.remedy}`,
        { autoClose: false }
      );
    });
    status.changed.connect(() => {
      if (failure && status.view.state === 'ready') {
        Notification.dismiss(failure);
        failure = '';
      }
    });

    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        status.refresh();
      }
    });

    let item: StatusItem | null = null;
    if (statusBar) {
      item = new StatusItem(status);
      item.id = 'jupyter-safecoder-status';
      statusBar.registerStatusItem(statusPlugin.id, {
        align: 'right',
        item,
        rank: 50
      });
    } else if (
      !labShell &&
      EDITING_PAGES.includes(PageConfig.getOption('notebookPage'))
    ) {
      item = new StatusItem(status);
      item.id = 'jupyter-safecoder-status';
      app.shell.add(item, 'menu', { rank: NOTEBOOK_MENU_RANK });
    }
    addCommands(app, status, palette, () => item);
    return status;
  }
};

namespace Private {
  /** Keep the switch as the settings have it. */
  export async function follow(
    status: SafeCoderStatus,
    registry: ISettingRegistry | null
  ): Promise<void> {
    try {
      const settings = await registry?.load(statusPlugin.id);
      const load = (): void =>
        status.load(settings?.composite.enabled !== false);
      settings?.changed.connect(load);
      load();
    } catch {
      // Without settings nobody can have turned completions off.
      status.load(true);
    }
  }
}
