import { ICell } from '../protocol';
import { anchored } from './anchor';

/** The most characters of the cells above. */
export const BEFORE_BUDGET = 24_000;

/**
 * Choose the cells above the current one that a request carries, whole cells
 * only.
 *
 * @param cells - All cells of the document, in order. `null` stands for a cell
 * that is left out: empty, or too long for any budget.
 * @param index - The index of the current cell.
 *
 * #### Notes
 * The window is anchored: its first cell stays the same while the document
 * grows by small amounts.
 */
export function chooseNeighbours(
  cells: ReadonlyArray<ICell | null>,
  index: number
): ICell[] {
  const fitting = cells
    .slice(0, Math.max(0, index))
    .filter((cell): cell is ICell => fits(cell, BEFORE_BUDGET));
  const total = fitting.reduce((sum, cell) => sum + sizeOf(cell), 0);
  const start = anchored(total, BEFORE_BUDGET, BEFORE_BUDGET / 2);
  let position = 0;
  return fitting.filter(cell => {
    const isInside = position >= start;
    position += sizeOf(cell);
    return isInside;
  });
}

function fits(cell: ICell | null, budget: number): cell is ICell {
  return cell !== null && cell.source !== '' && sizeOf(cell) <= budget;
}

function sizeOf(cell: ICell): number {
  return cell.source.length + (cell.output?.length ?? 0);
}
