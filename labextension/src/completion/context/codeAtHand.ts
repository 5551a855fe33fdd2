import { ICell } from '../../protocol';

/** Maximum number of characters of the nearest code cells. */
export const NEAR_BUDGET = 6_000;

/** Maximum number of characters, and of cells, in all. */
export const CODE_BUDGET = 120_000;
const MAX_CELLS = 400;

/** What imports a module, or changes where modules are found. */
const IMPORTS = /\bimport\b|\bsys\.path\b/;

/**
 * Select the code cells that decide which modules and files are context: those
 * that import something, and the nearest ones.
 *
 * @param above - The cells above the current one, in notebook order. `null`
 * stands for a cell that is no context.
 */
export function selectCodeAtHand(above: ReadonlyArray<ICell | null>): string[] {
  const code = above
    .filter(cell => cell?.type === 'code')
    .map(cell => cell!.source);
  let near = code.length;
  let left = NEAR_BUDGET;
  while (near > 0 && code[near - 1].length <= left) {
    left -= code[--near].length;
  }
  const nearest = code.slice(near);
  const imports: string[] = [];
  let size = NEAR_BUDGET;
  for (const source of code.slice(0, near)) {
    if (IMPORTS.test(source) && size + source.length <= CODE_BUDGET) {
      size += source.length;
      imports.push(source);
    }
  }
  return [...imports.slice(0, MAX_CELLS), ...nearest.slice(-MAX_CELLS / 4)];
}
