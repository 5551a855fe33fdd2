import { anchoredStart } from './anchor';
import { replaceLoneSurrogates, splitsSurrogatePair } from './unicode';

/** Maximum number of characters of the current cell before the cursor. */
export const PREFIX_BUDGET = 32_000;

/** The distance in characters between two possible starts of the prefix. */
export const PREFIX_STEP = 16_000;

/** Maximum number of characters of the current cell after the cursor. */
export const SUFFIX_BUDGET = 8_000;

/** Maximum length of a cell magic line that is kept in front of a cut cell. */
const MAGIC_BUDGET = 1_000;

/** The part of the current cell that a request carries. */
export interface IWindow {
  /** The text that ends at the cursor. */
  prefix: string;

  /** The text that starts at the cursor. */
  suffix: string;
}

/**
 * Cut the window around the cursor out of a cell.
 *
 * @param text - The whole cell.
 * @param cursor - The offset of the cursor, in UTF-16 code units.
 *
 * #### Notes
 * The prefix starts at a line start, and this start stays the same while the
 * user types (see `anchoredStart`). A cell magic on the first line (`%%bash`)
 * sets the language of the cell, so it stays in front when the lines after it
 * are cut off.
 */
export function cutWindow(text: string, cursor: number): IWindow {
  const end = Math.min(text.length, cursor + SUFFIX_BUDGET);
  const suffix = text.slice(
    cursor,
    splitsSurrogatePair(text, end) ? end - 1 : end
  );
  const start = prefixStart(text, cursor);
  const prefix = text.slice(start, cursor);
  return {
    prefix: replaceLoneSurrogates(magicLine(text, start) + prefix),
    suffix: replaceLoneSurrogates(suffix)
  };
}

/** The offset of the line start where the prefix starts. */
function prefixStart(text: string, cursor: number): number {
  const start = anchoredStart(cursor, PREFIX_BUDGET, PREFIX_STEP);
  if (start === 0) {
    return 0;
  }
  const lineStart = text.indexOf('\n', start - 1) + 1;
  if (lineStart > 0 && lineStart <= cursor) {
    return lineStart;
  }
  return splitsSurrogatePair(text, start) ? start + 1 : start;
}

/** The first line with its line break, if it is a cell magic that was cut. */
function magicLine(text: string, start: number): string {
  if (!text.startsWith('%%')) {
    return '';
  }
  const length = text.indexOf('\n') + 1;
  return length > 0 && length <= Math.min(start, MAGIC_BUDGET)
    ? text.slice(0, length)
    : '';
}
