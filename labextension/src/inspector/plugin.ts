import {
  ILabShell,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';

import { safeCoderIcon } from '../icon';
import { loadTranslations } from '../translation';
import { RequestRecorder } from './recorder';
import { IRequestRecorder } from './tokens';
import { InspectorWidget } from './widget';

/** The ids of our commands. */
export namespace CommandIDs {
  /** Open the inspector, or bring it to the front. */
  export const open = 'safecoder:open-inspector';

  /** Open the inspector, and send the last request again for it. */
  export const inspect = 'safecoder:inspect';
}

/** Where the inspector opens. */
type Area = 'main' | 'right';

/**
 * Shows what was sent to the model: the last request of this page.
 */
export const inspectorPlugin: JupyterFrontEndPlugin<IRequestRecorder> = {
  id: 'jupyter-safecoder:inspector',
  description: 'Shows the last request as the model got it.',
  autoStart: true,
  provides: IRequestRecorder,
  optional: [
    ILabShell,
    INotebookTracker,
    ISettingRegistry,
    ICommandPalette,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    labShell: ILabShell | null,
    notebooks: INotebookTracker | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): IRequestRecorder => {
    const trans = loadTranslations(translator);
    const recorder = new RequestRecorder({
      cellsAbove: () => {
        const panel = notebooks?.currentWidget;
        return panel && panel === app.shell.currentWidget
          ? panel.content.activeCellIndex
          : null;
      },
      now: () => performance.now()
    });
    // An input method changes the text without a key.
    for (const type of ['keydown', 'beforeinput']) {
      window.addEventListener(type, recorder, true);
    }

    let area: Area = 'main';
    void settings
      ?.load(inspectorPlugin.id)
      .then(loaded => {
        const apply = (): void => {
          area = loaded.composite.area === 'right' ? 'right' : 'main';
        };
        loaded.changed.connect(apply);
        apply();
      })
      .catch(() => undefined);

    let widget: InspectorWidget | null = null;
    const show = (isFocused: boolean, wanted?: unknown): void => {
      if (!widget || widget.isDisposed) {
        widget = new InspectorWidget(recorder, trans);
        const isSide = !labShell || (wanted ?? area) === 'right';
        app.shell.add(
          widget,
          isSide ? 'right' : 'main',
          isSide ? {} : { mode: 'split-right', activate: false }
        );
      }
      if (isFocused || !widget.isVisible) {
        app.shell.activateById(widget.id);
      }
    };
    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('SafeCoder: What Was Sent?'),
      caption: trans.__('Show the last request, as the model got it'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            area: {
              type: 'string',
              enum: ['main', 'right'],
              description: trans.__(
                'Where it opens: beside the documents, or in the sidebar.'
              )
            }
          }
        }
      },
      icon: args => (args.isPalette ? undefined : safeCoderIcon),
      execute: args => show(true, args.area)
    });
    app.commands.addCommand(CommandIDs.inspect, {
      label: trans.__('SafeCoder: Inspect the Last Request'),
      caption: trans.__(
        'Send the last request again, and show what the model gets'
      ),
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => recorder.last !== null,
      execute: () => {
        // The cursor stays in the cell where that is possible.
        show(false);
        return recorder.repeat();
      }
    });
    for (const command of [CommandIDs.open, CommandIDs.inspect]) {
      palette?.addItem({ command, category: 'SafeCoder' });
    }
    return recorder;
  }
};
