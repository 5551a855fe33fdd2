import { ICellModel } from '@jupyterlab/cells';
import { INotebookModel } from '@jupyterlab/notebook';

/** The tag of a cell that is not completed and that is context of no other. */
export const OFF_TAG = 'safecoder-off';

/** The key of a notebook's metadata that switches completions off in it. */
export const OFF_KEY = 'safecoder';

/**
 * Whether the tag of a cell excludes it.
 *
 * #### Notes
 * A single tag may be written without a list. `jupyter_safecoder/notebooks.py`
 * has the same rules for files.
 */
export function isCellOff(cell: ICellModel): boolean {
  const tags: unknown = cell.getMetadata('tags');
  return Array.isArray(tags) ? tags.includes(OFF_TAG) : tags === OFF_TAG;
}

/**
 * Whether the metadata of a notebook exclude all of it; `off` in YAML, from
 * which some programs make the metadata, becomes `false`.
 */
export function isNotebookOff(model: INotebookModel): boolean {
  const value: unknown = model.getMetadata(OFF_KEY);
  return (
    value === false ||
    (typeof value === 'string' && value.toLowerCase() === 'off')
  );
}
