import {
  ILabShell,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, TranslationBundle } from '@jupyterlab/translation';

import { loadTranslations } from '../translation';
import { httpStatusApi } from './api';
import { addCommands } from './commands';
import { StatusItem } from './item';
import { SafeCoderStatus } from './model';
import { ISafeCoderStatus } from './tokens';

/** The rank between Notebook 7's kernel status and its trust indicator. */
const NOTEBOOK_MENU_RANK = 10_500;

/** The pages of Notebook 7 that have an editor. */
const EDITING_PAGES = ['notebooks', 'edit', 'consoles'];

/**
 * Shows the state of SafeCoder and turns completions on and off.
 */
export const statusPlugin: JupyterFrontEndPlugin<ISafeCoderStatus> = {
  id: 'jupyter-safecoder:status',
  description: 'Shows the state of SafeCoder and turns it on and off.',
  autoStart: true,
  provides: ISafeCoderStatus,
  optional: [
    ISettingRegistry,
    IStatusBar,
    ICommandPalette,
    ILabShell,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    settings: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null,
    labShell: ILabShell | null,
    translator: ITranslator | null
  ): ISafeCoderStatus => {
    const trans = loadTranslations(translator);
    const status = new SafeCoderStatus({
      api: httpStatusApi(app.serviceManager.serverSettings, trans),
      save: async enabled => {
        await settings?.set(statusPlugin.id, 'enabled', enabled);
      },
      trans
    });
    void Private.applySettings(status, settings);
    Private.notifyFailures(status, trans);

    // While the page is hidden, the status does not poll.
    document.addEventListener('visibilitychange', () => status.refresh());

    let item: StatusItem | null = null;
    if (statusBar) {
      item = Private.createItem(status, trans);
      statusBar.registerStatusItem(statusPlugin.id, {
        align: 'right',
        item,
        rank: 50
      });
    } else if (
      !labShell &&
      EDITING_PAGES.includes(PageConfig.getOption('notebookPage'))
    ) {
      item = Private.createItem(status, trans);
      app.shell.add(item, 'menu', { rank: NOTEBOOK_MENU_RANK });
    }
    addCommands({ app, getItem: () => item, palette, status, trans });
    return status;
  }
};

namespace Private {
  export function createItem(
    status: SafeCoderStatus,
    trans: TranslationBundle
  ): StatusItem {
    const item = new StatusItem(status, trans);
    item.id = 'jupyter-safecoder-status';
    return item;
  }

  /** Apply the setting now and whenever it changes. */
  export async function applySettings(
    status: SafeCoderStatus,
    registry: ISettingRegistry | null
  ): Promise<void> {
    try {
      const settings = await registry?.load(statusPlugin.id);
      const apply = (): void =>
        status.applySetting(settings?.composite.enabled !== false);
      settings?.changed.connect(apply);
      apply();
    } catch {
      // Without settings the user cannot have turned completions off.
      status.applySetting(true);
    }
  }

  /** Show a notification after a failure, until the model is ready again. */
  export function notifyFailures(
    status: SafeCoderStatus,
    trans: TranslationBundle
  ): void {
    let notification = '';
    status.failed.connect((_, view) => {
      if (notification) {
        Notification.dismiss(notification);
      }
      notification = Notification.error(
        trans.__('SafeCoder failed. %1 %2', view.reason, view.remedy),
        { autoClose: false }
      );
    });
    status.changed.connect(() => {
      if (notification && status.view.state === 'ready') {
        Notification.dismiss(notification);
        notification = '';
      }
    });
  }
}
