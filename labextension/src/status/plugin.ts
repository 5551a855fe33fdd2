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

import { ISuggestionEvents } from '../suggestions/tokens';
import { loadTranslations } from '../translation';
import { httpStatusApi } from './api';
import { addCommands } from './commands';
import { StatusItem } from './item';
import { LabSettings } from './labSettings';
import { SafeCoderStatus } from './model';
import { SuggestionModes, readChoices, withChoice } from './modes';
import { StatusPopup } from './popup';
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
  requires: [ISuggestionEvents],
  optional: [
    ISettingRegistry,
    IStatusBar,
    ICommandPalette,
    ILabShell,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    events: ISuggestionEvents,
    settings: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null,
    labShell: ILabShell | null,
    translator: ITranslator | null
  ): ISafeCoderStatus => {
    const trans = loadTranslations(translator);
    // Loaded when Lab has made its schema.
    const labSettings = app.restored.then(() => LabSettings.load(settings));
    const modes = new SuggestionModes({
      saveEverything: async mode => {
        if (mode !== 'off') {
          await (await labSettings)?.setManual(mode === 'manual');
        }
        await status.setEnabled(mode !== 'off');
      },
      saveChoice: async (field, key, mode) => {
        // Another page may have saved a choice since this one was loaded.
        const { composite } = (await settings?.reload(statusPlugin.id)) ?? {};
        const choices = withChoice(readChoices(composite?.[field]), key, mode);
        await settings?.set(statusPlugin.id, field, choices);
      }
    });
    void labSettings.then(loaded =>
      loaded?.follow(() => modes.setManual(loaded.isManual))
    );
    const status: SafeCoderStatus = new SafeCoderStatus({
      api: httpStatusApi(app.serviceManager.serverSettings, trans),
      modes,
      save: async enabled => {
        await settings?.set(statusPlugin.id, 'enabled', enabled);
      },
      trans
    });
    void Private.applySettings(status, settings);
    Private.notifyFailures(status, trans);

    // While the page is hidden, the status does not poll.
    document.addEventListener('visibilitychange', () => status.refresh());

    const services = { commands: app.commands, figures: events.figures };
    let item: StatusItem | null = null;
    if (statusBar) {
      item = Private.createItem(status, trans, services);
      statusBar.registerStatusItem(statusPlugin.id, {
        align: 'right',
        item,
        rank: 50
      });
    } else if (
      !labShell &&
      EDITING_PAGES.includes(PageConfig.getOption('notebookPage'))
    ) {
      item = Private.createItem(status, trans, services);
      app.shell.add(item, 'menu', { rank: NOTEBOOK_MENU_RANK });
    }
    addCommands({ app, getItem: () => item, palette, status, trans });
    return status;
  }
};

namespace Private {
  export function createItem(
    status: SafeCoderStatus,
    trans: TranslationBundle,
    services: StatusPopup.IServices
  ): StatusItem {
    const item = new StatusItem(status, trans, services);
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
      const apply = (): void => {
        // Choices first: not even the first key is sent where they say no.
        status.modes.setDocuments(settings?.composite.documents);
        status.modes.setLanguages(settings?.composite.languages);
        status.applySetting(settings?.composite.enabled !== false);
      };
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
