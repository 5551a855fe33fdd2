import {
  INotebookTracker,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';

import { PROTOCOL_VERSION } from '../../protocol';
import { EMPTY_PROJECT } from './context';
import { DocumentContexts } from './documentContexts';
import { isPython } from '../kernel/kernelLanguage';
import { notebookLanguage } from './language';
import { IProjectRequest, ProjectTransport } from './projectTransport';
import { ISources } from '../settings';

/** Milliseconds between two requests. */
export const MIN_INTERVAL = 500;

/** Maximum number of characters of the current cell. */
const CURRENT_BUDGET = 20_000;

/** Maximum number of other open documents. */
const MAX_OPEN = 20;

/**
 * Requests what the project of a notebook adds to its context: when the user
 * enters a cell, after an execution and after the notebook was saved, never at
 * a key.
 *
 * #### Notes
 * One request runs at a time; of the notebooks that wait for it, the newest is
 * next. An answer that comes after the user has typed changes nothing, so that
 * the prompt stays as it is, unless it is the first one of the notebook.
 */
export class ProjectRequests {
  /**
   * @param options - What the requests depend on.
   */
  constructor(options: ProjectRequests.IOptions) {
    this._options = options;
  }

  /**
   * Request for each notebook of a tracker, whenever it is at rest.
   *
   * @param notebooks - The open notebooks.
   */
  connect(notebooks: INotebookTracker): void {
    notebooks.activeCellChanged.connect(() => this.requestCurrent(notebooks));
    NotebookActions.executed.connect((_, { notebook }) => {
      const panel = notebooks.currentWidget;
      if (panel?.content === notebook) {
        this.request(panel);
      }
    });
    const onSaved = (panel: NotebookPanel): void => {
      panel.context.saveState.connect((_, state) => {
        if (state === 'completed') {
          this.request(panel);
        }
      });
    };
    notebooks.widgetAdded.connect((_, panel) => onSaved(panel));
    notebooks.forEach(onSaved);
  }

  /**
   * Request for the notebook that the user is in.
   *
   * @param notebooks - The open notebooks.
   */
  requestCurrent(notebooks: INotebookTracker): void {
    if (notebooks.currentWidget) {
      this.request(notebooks.currentWidget);
    }
  }

  /**
   * Request for a notebook that is at rest.
   */
  request(panel: NotebookPanel): void {
    this._next = panel;
    if (!this._isBusy) {
      this._isBusy = true;
      void this._work();
    }
  }

  private async _work(): Promise<void> {
    try {
      // The signal comes before the page shows the cell.
      await Private.pause(0);
      while (this._next) {
        const panel = this._next;
        this._next = null;
        await this._request(panel);
        await Private.pause(MIN_INTERVAL);
      }
    } finally {
      this._isBusy = false;
    }
  }

  private async _request(panel: NotebookPanel): Promise<void> {
    const { contexts, isEnabled, report, send, sources } = this._options;
    const { modules, files } = sources();
    const cell = panel.isDisposed ? null : panel.content.activeCell;
    if (
      !isEnabled(panel) ||
      !(modules || files) ||
      cell?.model.type !== 'code' ||
      !isPython(notebookLanguage(panel))
    ) {
      return;
    }
    const context = contexts.of(panel);
    const current = cell.model.sharedModel.getSource();
    const { activeCellIndex, widgets } = panel.content;
    const above = widgets.slice(0, activeCellIndex).map(({ model }) => model);
    const { path } = panel.context;
    const request: IProjectRequest = {
      version: PROTOCOL_VERSION,
      path,
      cells: context.codeAtHand(above),
      current: current.slice(0, CURRENT_BUDGET),
      open: this._options
        .openPaths()
        .filter(other => other !== path)
        .slice(0, MAX_OPEN),
      modules,
      files
    };
    let error = '';
    const project = await send(request).catch((reason: Error) => {
      error = reason.message;
      return EMPTY_PROJECT;
    });
    const isAtRest =
      panel.content.activeCell === cell &&
      cell.model.sharedModel.getSource() === current;
    if (isAtRest || context.project === EMPTY_PROJECT) {
      context.project = project;
    }
    report(error);
  }

  private _isBusy = false;
  private _next: NotebookPanel | null = null;
  private _options: ProjectRequests.IOptions;
}

/**
 * A namespace for `ProjectRequests` statics.
 */
export namespace ProjectRequests {
  /** What the requests depend on. */
  export interface IOptions {
    /** The contexts that get what the projects add. */
    contexts: DocumentContexts;

    /** Whether there are completions where the user is in a notebook. */
    isEnabled: (panel: NotebookPanel) => boolean;

    /** The paths of all open documents. */
    openPaths: () => string[];

    /** Receives why a request failed, for the user; empty if it succeeded. */
    report: (error: string) => void;

    /** Sends a request. */
    send: ProjectTransport;

    /** Which sources the user wants as context. */
    sources: () => ISources;
  }
}

namespace Private {
  export function pause(ms: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, ms));
  }
}
