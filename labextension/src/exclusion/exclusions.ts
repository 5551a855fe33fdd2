import { ConsolePanel } from '@jupyterlab/console';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { ITrackers } from '../completion/context/findTarget';
import { IExclusion } from '../protocol';
import { IgnoredPaths } from './ignoredPaths';
import { OFF_KEY, OFF_TAG, isCellOff, isNotebookOff } from './tags';

/**
 * Finds why nothing is completed in a document or cell.
 */
export class Exclusions {
  /**
   * @param options - What it works with.
   */
  constructor(options: Exclusions.IOptions) {
    this._options = options;
  }

  /**
   * Whether nothing is completed where the user is in a document, also because
   * the server has not answered yet.
   */
  isExcluded(widget: Widget): boolean {
    const path = this.path(widget);
    if (path === null) {
      return false;
    }
    const found = this._options.paths.exclusion(path);
    return !found || found.excluded || this._ofNotebook(widget) !== null;
  }

  /**
   * Why nothing is completed where the user is in a document; `null` if it is
   * completed, or if that is not known yet.
   */
  find(widget: Widget): IExclusion | null {
    const path = this.path(widget);
    if (path === null) {
      return null;
    }
    const found = this._options.paths.exclusion(path);
    return found?.excluded ? found : this._ofNotebook(widget);
  }

  /**
   * The path of a document that can have completions; `null` for other widgets.
   */
  path(widget: Widget): string | null {
    const { notebooks, consoles, editors } = this._options;
    if (notebooks?.has(widget) || editors?.has(widget)) {
      return (widget as IDocumentWidget).context.path;
    }
    return consoles?.has(widget)
      ? (widget as ConsolePanel).console.sessionContext.path
      : null;
  }

  /** What the metadata of a notebook or of its active cell exclude. */
  private _ofNotebook(widget: Widget): IExclusion | null {
    const { notebooks, trans } = this._options;
    if (!notebooks?.has(widget)) {
      return null;
    }
    const { activeCell, model } = (widget as NotebookPanel).content;
    if (model && isNotebookOff(model)) {
      return {
        excluded: true,
        reason: trans.__('Off for this notebook by its metadata.'),
        remedy: trans.__(
          'Remove "%1" from the metadata to have completions.',
          OFF_KEY
        )
      };
    }
    if (activeCell && isCellOff(activeCell.model)) {
      return {
        excluded: true,
        reason: trans.__('Off for this cell by its tag %1.', OFF_TAG),
        remedy: trans.__('Remove the tag to have completions.')
      };
    }
    return null;
  }

  private _options: Exclusions.IOptions;
}

/**
 * A namespace for `Exclusions` statics.
 */
export namespace Exclusions {
  /** What exclusions work with. */
  export interface IOptions extends ITrackers {
    /** What the server excludes. */
    paths: IgnoredPaths;

    /** Translates reasons. */
    trans: TranslationBundle;
  }
}
