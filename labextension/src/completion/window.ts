import { anchored } from './anchor';

/** The most characters of the current cell before the cursor. */
export const PREFIX_BUDGET = 32_000;

/** How far the start of the prefix moves at a time. */
export const PREFIX_STEP = 16_000;

/** The most characters of the current cell after the cursor. */
export const SUFFIX_BUDGET = 8_000;

/** The longest first line that is kept for being a cell magic. */
const MAGIC_BUDGET = 1_000;

/** The current cell, split at the cursor. */
export interface IWindow {
  /** The end of the text before the cursor. */
  prefix: string;

  /** The start of the text after the cursor. */
  suffix: string;
}

/**
 * Cut the part of a cell around the cursor that a request carries.
 *
 * @param text - The whole cell.
 * @param cursor - The cursor, in UTF-16 code units.
 *
 * #### Notes
 * The prefix begins at a line start that stays where it is while somebody
 * types. A cell magic on the first line (`%%bash`) says what language the cell
 * is in, so it stays in front when the lines after it are cut.
 */
export function cutWindow(text: string, cursor: number): IWindow {
  const end = Math.min(text.length, cursor + SUFFIX_BUDGET);
  const suffix = text.slice(cursor, splitsPair(text, end) ? end - 1 : end);
  const start = prefixStart(text, cursor);
  const prefix = text.slice(start, cursor);
  return {
    prefix: wellFormed(magicLine(text, start) + prefix),
    suffix: wellFormed(suffix)
  };
}

/** The line start where the prefix begins. */
function prefixStart(text: string, cursor: number): number {
  const start = anchored(cursor, PREFIX_BUDGET, PREFIX_STEP);
  if (start === 0) {
    return 0;
  }
  const lineStart = text.indexOf('\n', start - 1) + 1;
  if (lineStart > 0 && lineStart <= cursor) {
    return lineStart;
  }
  return splitsPair(text, start) ? start + 1 : start;
}

/** The first line with its line end, if it is a cell magic that was cut off. */
function magicLine(text: string, start: number): string {
  if (!text.startsWith('%%')) {
    return '';
  }
  const length = text.indexOf('\n') + 1;
  return length > 0 && length <= Math.min(start, MAGIC_BUDGET)
    ? text.slice(0, length)
    : '';
}

/** Whether a cut at `index` would part the two halves of a character. */
function splitsPair(text: string, index: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(
    text.slice(index - 1, index + 1)
  );
}

/** Halves of characters, which UTF-8 cannot carry, replaced at equal length. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}
