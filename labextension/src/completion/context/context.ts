import { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';

import { isCellOff } from '../../exclusion/tags';
import { ICell } from '../../protocol';
import {
  CONTEXT_BUDGET,
  selectCellsBelow,
  selectContextCells
} from './contextCells';
import { selectCodeAtHand } from './codeAtHand';
import {
  ICellContext,
  IContextOptions,
  IProjectContext
} from '../editor/target';
import { replaceLoneSurrogates } from '../editor/unicode';
import { usefulOutput } from './usefulOutput';

/** What is known of a project before it was asked for. */
export const EMPTY_PROJECT: IProjectContext = { modules: [], files: [] };

/**
 * The context of the current cell of one document: the cells around it, and
 * what its project adds.
 *
 * #### Notes
 * The context is selected once, and again only after another cell, an output,
 * the list of cells or the project has changed. Typing in the current cell does
 * not read any other cell. Cells are held by weak references.
 */
export class DocumentContext {
  /** What the project adds. */
  get project(): IProjectContext {
    return this._project;
  }

  set project(project: IProjectContext) {
    if (JSON.stringify(project) !== JSON.stringify(this._project)) {
      this._project = project;
      this.invalidate();
    }
  }

  /**
   * The context of a cell, if nothing has changed since it was selected.
   *
   * @param current - The model of the cell.
   * @param options - What is part of the context.
   */
  selected(current: ICellModel, options: IContextOptions): ICellContext | null {
    const isSame =
      this._current?.deref() === current && this._key === keyOf(options);
    return isSame ? this._selected : null;
  }

  /**
   * Select the context of a cell.
   *
   * @param above - The models of the cells above, in notebook order.
   * @param current - The model of the current cell.
   * @param below - The models of the cells below, in notebook order.
   * @param options - What is part of the context.
   */
  select(
    above: ReadonlyArray<ICellModel>,
    current: ICellModel,
    below: ReadonlyArray<ICellModel>,
    options: IContextOptions
  ): ICellContext {
    const known = this.selected(current, options);
    if (known) {
      return known;
    }
    const { includeOutputs, sources } = options;
    this._key = keyOf(options);
    if (this._includeOutputs !== includeOutputs) {
      this._includeOutputs = includeOutputs;
      this._snapshots = new WeakMap();
    }
    const selected = {
      before: selectContextCells(above.map(cell => this._read(cell))),
      below: sources.below ? selectCellsBelow(this._readEach(below)) : [],
      modules: sources.modules ? this._project.modules : [],
      files: sources.files ? this._project.files : []
    };
    const content = JSON.stringify(selected);
    const last = this._fingerprints.get(current);
    const fingerprint =
      last?.content === content ? last.fingerprint : `${++this._count}`;
    this._fingerprints.set(current, { content, fingerprint });
    this._current = new WeakRef(current);
    return (this._selected = { ...selected, fingerprint });
  }

  /**
   * Select the code that decides what the project adds.
   *
   * @param above - The models of the cells above, in notebook order.
   */
  codeAtHand(above: ReadonlyArray<ICellModel>): string[] {
    return selectCodeAtHand(above.map(cell => this._read(cell)));
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

  private *_readEach(cells: ReadonlyArray<ICellModel>): Iterable<ICell | null> {
    for (const cell of cells) {
      yield this._read(cell);
    }
  }

  private _read(cell: ICellModel): ICell | null {
    let snapshot = this._snapshots.get(cell);
    if (snapshot === undefined) {
      snapshot = readCell(cell, this._includeOutputs);
      this._snapshots.set(cell, snapshot);
      cell.contentChanged.connect(this._onContentChanged, this);
      cell.metadataChanged.connect(this._onContentChanged, this);
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
  private _key = '';
  private _project = EMPTY_PROJECT;
  private _selected: ICellContext | null = null;
  private _snapshots = new WeakMap<ICellModel, ICell | null>();
}

/** Equal for equal options. */
function keyOf({ includeOutputs, sources }: IContextOptions): string {
  return JSON.stringify([includeOutputs, sources]);
}

/**
 * Read a cell as context; `null` if it is excluded, blank or larger than the
 * budget.
 */
function readCell(cell: ICellModel, includeOutputs: boolean): ICell | null {
  if (isCellOff(cell)) {
    return null;
  }
  const text = cell.sharedModel.getSource();
  if (text.trim() === '' || text.length > CONTEXT_BUDGET) {
    return null;
  }
  const type =
    cell.type === 'code' || cell.type === 'markdown' ? cell.type : 'raw';
  const source = replaceLoneSurrogates(text.replace(/\r\n?/g, '\n'));
  const output =
    includeOutputs && type === 'code'
      ? replaceLoneSurrogates(usefulOutput(cell as ICodeCellModel))
      : '';
  return output === '' ? { type, source } : { type, source, output };
}
