import { ICell } from '../../protocol';
import { anchoredStart } from '../editor/anchor';

/** Maximum number of characters of all context cells, outputs included. */
export const CONTEXT_BUDGET = 24_000;

/** Maximum number of characters of all cells below. */
export const BELOW_BUDGET = 4_000;

/** Maximum number of cells below that are read. */
export const MAX_BELOW = 50;

/**
 * Select the cells above the current one that a request carries.
 *
 * Only whole cells are selected, in notebook order, and within
 * `CONTEXT_BUDGET`.
 *
 * @param above - The cells above the current one, in notebook order. `null`
 * stands for a cell that is empty or larger than the budget.
 *
 * #### Notes
 * The window is anchored (see `anchoredStart`): its first cell stays the same
 * while the notebook grows by small amounts.
 */
export function selectContextCells(
  above: ReadonlyArray<ICell | null>
): ICell[] {
  const cells = above.filter(isCandidate);
  const total = cells.reduce((sum, cell) => sum + sizeOf(cell), 0);
  const start = anchoredStart(total, CONTEXT_BUDGET, CONTEXT_BUDGET / 2);
  let offset = 0;
  return cells.filter(cell => {
    const isInWindow = offset >= start;
    offset += sizeOf(cell);
    return isInWindow;
  });
}

/**
 * Select the cells below the current one that a request carries: the nearest
 * whole ones, in notebook order, within `BELOW_BUDGET`, and without outputs,
 * which are those of an earlier run.
 *
 * @param below - The cells below the current one, in notebook order; read only
 * as far as they are selected. `null` stands for a cell that is empty or large.
 */
export function selectCellsBelow(below: Iterable<ICell | null>): ICell[] {
  const selected: ICell[] = [];
  let left = BELOW_BUDGET;
  for (const cell of below) {
    if (cell === null) {
      continue;
    }
    const { type, source } = cell;
    left -= source.length;
    if (left < 0) {
      break;
    }
    selected.push({ type, source });
  }
  return selected;
}

function isCandidate(cell: ICell | null): cell is ICell {
  return cell !== null && cell.source !== '' && sizeOf(cell) <= CONTEXT_BUDGET;
}

/** The number of characters of a cell that count towards the budget. */
function sizeOf(cell: ICell): number {
  return cell.source.length + (cell.output?.length ?? 0);
}
