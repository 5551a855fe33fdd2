/**
 * The start of a window that ends with a text and has a limited length.
 *
 * The start moves in steps and not with each typed character. Between two steps
 * the prompt only grows at its end, so the engine reuses its prefix cache and
 * computes only the tokens that are new. `jupyter_safecoder/prompt/window.py`
 * applies the same rule to tokens, on the server.
 *
 * @param total - The length of the text, in characters.
 * @param budget - The maximum length of the window, in characters.
 * @param step - The distance between two possible starts, in characters.
 * @returns A multiple of `step`; `total` minus this is never above `budget`.
 */
export function anchoredStart(
  total: number,
  budget: number,
  step: number
): number {
  return total <= budget ? 0 : Math.ceil((total - budget) / step) * step;
}
