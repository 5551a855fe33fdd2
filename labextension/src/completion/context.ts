import { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';

import { ICell } from '../protocol';
import { CONTEXT_BUDGET, selectContextCells } from './contextCells';
import { ICellContext } from './target';
import { replaceLoneSurrogates } from './unicode';

/** Maximum number of characters of one output. */
export const OUTPUT_BUDGET = 1_000;

/**
 * The context of the current cell of one document: the cells above it.
 *
 * #### Notes
 * The context is selected once, and again only after a cell above, an output or
 * the list of cells has changed. Typing in the current cell does not read any
 * other cell. Cells are held by weak references.
 */
export class DocumentContext {
  /**
   * Select the context of a cell.
   *
   * @param above - The models of the cells above, in notebook order.
   * @param current - The model of the current cell.
   * @param includeOutputs - Whether outputs are part of the context.
   */
  select(
    above: ReadonlyArray<ICellModel>,
    current: ICellModel,
    includeOutputs: boolean
  ): ICellContext {
    if (
      this._selected &&
      this._current?.deref() === current &&
      this._includeOutputs === includeOutputs
    ) {
      return this._selected;
    }
    if (this._includeOutputs !== includeOutputs) {
      this._includeOutputs = includeOutputs;
      this._snapshots = new WeakMap();
    }
    const before = selectContextCells(above.map(cell => this._read(cell)));
    const content = JSON.stringify(before);
    const last = this._fingerprints.get(current);
    const fingerprint =
      last?.content === content ? last.fingerprint : `${++this._count}`;
    this._fingerprints.set(current, { content, fingerprint });
    this._current = new WeakRef(current);
    return (this._selected = { before, fingerprint });
  }

  /**
   * Select again at the next request: the list of cells has changed.
   */
  invalidate(): void {
    this._selected = null;
  }

  /**
   * Drop all snapshots and disconnect from all cells.
   */
  dispose(): void {
    this.invalidate();
    this._snapshots = new WeakMap();
    Signal.disconnectReceiver(this);
  }

  private _read(cell: ICellModel): ICell | null {
    let snapshot = this._snapshots.get(cell);
    if (snapshot === undefined) {
      snapshot = readCell(cell, this._includeOutputs);
      this._snapshots.set(cell, snapshot);
      cell.contentChanged.connect(this._onContentChanged, this);
    }
    return snapshot;
  }

  private _onContentChanged(cell: ICellModel): void {
    this._snapshots.delete(cell);
    if (cell !== this._current?.deref()) {
      this.invalidate();
    }
  }

  private _count = 0;
  private _current: WeakRef<ICellModel> | null = null;
  private _fingerprints = new WeakMap<
    ICellModel,
    { content: string; fingerprint: string }
  >();
  private _includeOutputs = true;
  private _selected: ICellContext | null = null;
  private _snapshots = new WeakMap<ICellModel, ICell | null>();
}

/**
 * Read a cell as context; `null` if it is blank or larger than the budget.
 */
function readCell(cell: ICellModel, includeOutputs: boolean): ICell | null {
  const text = cell.sharedModel.getSource();
  if (text.trim() === '' || text.length > CONTEXT_BUDGET) {
    return null;
  }
  const type =
    cell.type === 'code' || cell.type === 'markdown' ? cell.type : 'raw';
  const source = replaceLoneSurrogates(text.replace(/\r\n?/g, '\n'));
  const output =
    includeOutputs && type === 'code'
      ? firstTextOutput(cell as ICodeCellModel)
      : '';
  return output === '' ? { type, source } : { type, source, output };
}

/** The start of the first output that has text; errors are skipped. */
function firstTextOutput(cell: ICodeCellModel): string {
  for (let index = 0; index < cell.outputs.length; index++) {
    const output = cell.outputs.get(index).toJSON();
    const value =
      output.output_type === 'stream'
        ? output.text
        : output.output_type === 'execute_result' ||
            output.output_type === 'display_data'
          ? (output.data as { [mime: string]: unknown })['text/plain']
          : undefined;
    const text = Array.isArray(value) ? value.join('') : value;
    if (typeof text === 'string' && text.trim() !== '') {
      return replaceLoneSurrogates(text.slice(0, OUTPUT_BUDGET));
    }
  }
  return '';
}
