/**
 * Replace lone surrogates, which UTF-8 cannot encode, at equal length.
 *
 * A lone surrogate is one half of a UTF-16 pair without the other half. It
 * occurs in cells that hold broken text, and where a text is cut.
 */
export function replaceLoneSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/**
 * Whether a cut at `index` would separate the two halves of a UTF-16 pair.
 */
export function splitsSurrogatePair(text: string, index: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(
    text.slice(index - 1, index + 1)
  );
}
