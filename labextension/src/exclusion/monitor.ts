import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICellModel } from '@jupyterlab/cells';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import {
  INotebookModel,
  INotebookTracker,
  NotebookPanel
} from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { CompletionTransport } from '../completion/requests/transport';
import { IExclusion } from '../protocol';
import { Exclusions } from './exclusions';
import { IGNORE_FILE, IgnoredPaths } from './ignoredPaths';
import { IExclusions } from './tokens';

/**
 * Follows the user through documents and cells, and finds what excludes them.
 *
 * Nothing of it happens at a key.
 */
export class ExclusionMonitor implements IExclusions {
  /**
   * @param shell - The shell with the documents.
   * @param exclusions - Finds what excludes a cell.
   * @param paths - What the server excludes.
   */
  constructor(
    shell: JupyterFrontEnd.IShell,
    exclusions: Exclusions,
    paths: IgnoredPaths
  ) {
    this._shell = shell;
    this._exclusions = exclusions;
    this._paths = paths;
    paths.changed.connect(() => {
      this._current = this._find();
      this._changed.emit();
    });
    shell.currentChanged?.connect(this._onCurrentChanged, this);
  }

  /** Emitted when `current` changes, and when the server has answered. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why nothing is completed where the user is; `null` if it is. */
  get current(): IExclusion | null {
    return this._current;
  }

  /**
   * Whether nothing is completed where the user is in a document.
   */
  isExcluded(widget: Widget): boolean {
    return this._exclusions.isExcluded(widget);
  }

  /**
   * Ask the server again about documents in which it refuses a completion.
   */
  watch(transport: CompletionTransport): CompletionTransport {
    const paths = this._paths;
    return async function* (request, signal) {
      for await (const event of transport(request, signal)) {
        if (event.event === 'done' && event.finish_reason === 'excluded') {
          paths.refresh(request.path);
        }
        yield event;
      }
    };
  }

  /**
   * Follow the notebooks of a tracker, and their active cells.
   */
  follow(notebooks: INotebookTracker): void {
    notebooks.widgetAdded.connect((_, panel) => this._onAdded(panel));
    notebooks.activeCellChanged.connect((_, cell) => {
      this._connectCell(cell?.model ?? null);
      this.update();
    });
  }

  /**
   * Ask again once a file with patterns was changed in this page.
   */
  onFileChanged(_: Contents.IManager, change: Contents.IChangedArgs): void {
    const names = [change.oldValue?.path, change.newValue?.path];
    if (names.some(path => path?.split(/[/:]/).pop() === IGNORE_FILE)) {
      this._paths.refreshAll();
    }
  }

  /**
   * Find out again whether nothing is completed where the user is.
   */
  update(): void {
    const current = this._find();
    if (JSON.stringify(current) !== JSON.stringify(this._current)) {
      this._current = current;
      this._changed.emit();
    }
  }

  private _find(): IExclusion | null {
    const widget = this._shell.currentWidget;
    return widget && this._exclusions.find(widget);
  }

  /** The server is asked while the notebook is still loading. */
  private _onAdded(panel: NotebookPanel): void {
    const { context } = panel;
    let { path } = context;
    this._paths.exclusion(path);
    context.pathChanged.connect(() => {
      this._paths.forget(path);
      path = context.path;
      this._paths.exclusion(path);
      this.update();
    });
    context.saveState.connect((_, state) => {
      if (state === 'completed') {
        this._paths.refresh(context.path);
      }
    });
    const model = (): INotebookModel | null => panel.content.model;
    const connect = (): void => {
      model()?.metadataChanged.connect(this.update, this);
      this.update();
    };
    panel.content.modelChanged.connect(connect);
    connect();
    panel.disposed.connect(() => this._paths.forget(path));
  }

  private _connectCell(cell: ICellModel | null): void {
    this._cell?.deref()?.metadataChanged.disconnect(this.update, this);
    cell?.metadataChanged.connect(this.update, this);
    this._cell = cell && new WeakRef(cell);
  }

  /** The files may have been changed elsewhere while the user was away. */
  private _onCurrentChanged(): void {
    const widget = this._shell.currentWidget as IDocumentWidget | null;
    const path = widget && this._exclusions.path(widget);
    if (path !== null) {
      this._paths.refresh(path);
    }
    this.update();
  }

  private _cell: WeakRef<ICellModel> | null = null;
  private _changed = new Signal<this, void>(this);
  private _current: IExclusion | null = null;
  private _exclusions: Exclusions;
  private _paths: IgnoredPaths;
  private _shell: JupyterFrontEnd.IShell;
}
