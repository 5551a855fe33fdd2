import { ICell } from '../protocol';
import { anchored } from './anchor';

/** The most characters of the cells above. */
export const BEFORE_BUDGET = 24_000;

/** The most characters of the cells below. */
export const AFTER_BUDGET = 6_000;

/** The cells around the current one that a request carries. */
export interface INeighbours {
  /** Cells above, in notebook order. */
  before: ICell[];

  /** Cells below, in notebook order. */
  after: ICell[];
}

/**
 * Choose the neighbours of a cell, whole cells only.
 *
 * @param cells - All cells of the document, in order. `null` stands for a cell
 * that is left out: empty, or too long for any budget.
 * @param index - The index of the current cell.
 *
 * #### Notes
 * The window above is anchored: its first cell stays the same while the
 * document grows by small amounts.
 */
export function chooseNeighbours(
  cells: ReadonlyArray<ICell | null>,
  index: number
): INeighbours {
  return {
    before: chooseBefore(cells.slice(0, Math.max(0, index))),
    after: chooseAfter(cells.slice(index + 1))
  };
}

function chooseBefore(cells: ReadonlyArray<ICell | null>): ICell[] {
  const fitting = cells.filter((cell): cell is ICell =>
    fits(cell, BEFORE_BUDGET)
  );
  const total = fitting.reduce((sum, cell) => sum + sizeOf(cell), 0);
  const start = anchored(total, BEFORE_BUDGET, BEFORE_BUDGET / 2);
  let position = 0;
  return fitting.filter(cell => {
    const isInside = position >= start;
    position += sizeOf(cell);
    return isInside;
  });
}

function chooseAfter(cells: ReadonlyArray<ICell | null>): ICell[] {
  const chosen: ICell[] = [];
  let left = AFTER_BUDGET;
  for (const cell of cells) {
    if (!fits(cell, AFTER_BUDGET)) {
      continue;
    }
    left -= sizeOf(cell);
    if (left < 0) {
      break;
    }
    chosen.push(cell);
  }
  return chosen;
}

function fits(cell: ICell | null, budget: number): cell is ICell {
  return cell !== null && cell.source !== '' && sizeOf(cell) <= budget;
}

function sizeOf(cell: ICell): number {
  return cell.source.length + (cell.output?.length ?? 0);
}
