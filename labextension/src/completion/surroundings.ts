import { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';

import { ICell } from '../protocol';
import { BEFORE_BUDGET, chooseNeighbours } from './neighbours';
import { ISurroundings } from './site';

/** The most characters of an output. */
export const OUTPUT_BUDGET = 1_000;

/**
 * The surroundings of the current cell of one document.
 *
 * #### Notes
 * They are chosen once and then only after another cell, an output or the list
 * of cells has changed; typing in the current cell costs nothing. Only cells
 * are held, and those weakly.
 */
export class DocumentSurroundings {
  /**
   * Choose the neighbours of a cell.
   *
   * @param cells - All cells in document order.
   * @param current - The index of the current cell.
   * @param includeOutputs - Whether outputs are part of the context.
   */
  choose(
    cells: ReadonlyArray<ICellModel>,
    current: number,
    includeOutputs: boolean
  ): ISurroundings {
    const model = cells[current];
    if (
      this._chosen &&
      this._current?.deref() === model &&
      this._includeOutputs === includeOutputs
    ) {
      return this._chosen;
    }
    if (this._includeOutputs !== includeOutputs) {
      this._includeOutputs = includeOutputs;
      this._snapshots = new WeakMap();
    }
    const before = chooseNeighbours(
      cells.map((cell, index) => (index === current ? null : this._read(cell))),
      current
    );
    const content = JSON.stringify(before);
    const known = this._fingerprints.get(model);
    const fingerprint =
      known?.content === content ? known.fingerprint : `${++this._count}`;
    this._fingerprints.set(model, { content, fingerprint });
    this._current = new WeakRef(model);
    return (this._chosen = { before, fingerprint });
  }

  /** The list of cells has changed. */
  invalidate(): void {
    this._chosen = null;
  }

  /** Let go of all cells. */
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

  private _chosen: ISurroundings | null = null;
  private _count = 0;
  private _current: WeakRef<ICellModel> | null = null;
  private _fingerprints = new WeakMap<
    ICellModel,
    { content: string; fingerprint: string }
  >();
  private _includeOutputs = true;
  private _snapshots = new WeakMap<ICellModel, ICell | null>();
}

/**
 * Read a cell as a neighbour; `null` if it is empty or too long to be one.
 */
export function readCell(
  cell: ICellModel,
  includeOutputs: boolean
): ICell | null {
  const source = cell.sharedModel.getSource();
  if (source.trim() === '' || source.length > BEFORE_BUDGET) {
    return null;
  }
  const type =
    cell.type === 'code' || cell.type === 'markdown' ? cell.type : 'raw';
  const output =
    includeOutputs && type === 'code' ? firstText(cell as ICodeCellModel) : '';
  return output === ''
    ? { type, source: source.replace(/\p{Surrogate}/gu, '\uFFFD') }
    : { type, source: source.replace(/\p{Surrogate}/gu, '\uFFFD'), output };
}

/** The start of the first output that has text; errors have none. */
function firstText(cell: ICodeCellModel): string {
  for (let index = 0; index < cell.outputs.length; index++) {
    const output = cell.outputs.get(index).toJSON();
    const text =
      output.output_type === 'stream'
        ? output.text
        : output.output_type === 'execute_result' ||
            output.output_type === 'display_data'
          ? (output.data as { [mime: string]: unknown })['text/plain']
          : undefined;
    const whole = Array.isArray(text) ? text.join('') : text;
    if (typeof whole === 'string' && whole.trim() !== '') {
      return whole.slice(0, OUTPUT_BUDGET).replace(/\p{Surrogate}/gu, '\uFFFD');
    }
  }
  return '';
}
