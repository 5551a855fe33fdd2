/**
 * Where a window of at most `budget` characters begins in a text of `total`.
 *
 * The start moves in steps and not with each character, so that what the model
 * has already read keeps its place while somebody types (design, section 3).
 *
 * @param total - The length of the text.
 * @param budget - The most characters that the window may hold.
 * @param step - How far the start moves when it must.
 * @returns A multiple of `step`; `total` less this is never above `budget`.
 */
export function anchored(total: number, budget: number, step: number): number {
  return total <= budget ? 0 : Math.ceil((total - budget) / step) * step;
}
