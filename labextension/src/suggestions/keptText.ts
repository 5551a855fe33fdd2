import { CodeEditor } from '@jupyterlab/codeeditor';

/** How long, in ms, an accepted text must stay to count as kept. */
export const KEPT_AFTER_MS = 30_000;

/** A range of a text, in UTF-16 code units. */
export interface ISpan {
  from: number;
  to: number;
}

/** A change of a text, as shared models emit it. */
export type Delta = ReadonlyArray<{
  delete?: number;
  insert?: string;
  retain?: number;
}>;

/**
 * Move ranges with a change of their text.
 *
 * @returns What is left of them: deleted characters are not, and inserted ones
 * are no part of them.
 */
export function moveSpans(spans: readonly ISpan[], delta: Delta): ISpan[] {
  let moved = [...spans];
  let at = 0;
  for (const { delete: deleted, insert, retain } of delta) {
    if (retain) {
      at += retain;
    } else if (insert) {
      moved = moved.flatMap(span => insertInto(span, at, insert.length));
      at += insert.length;
    } else if (deleted) {
      moved = moved.flatMap(span => deleteFrom(span, at, at + deleted));
    }
  }
  return moved;
}

/** The number of characters in ranges. */
export function sizeOf(spans: readonly ISpan[]): number {
  return spans.reduce((size, { from, to }) => size + to - from, 0);
}

/**
 * Count what is left of an accepted text after half a minute. The text itself
 * is not remembered.
 *
 * @param model - The model of the editor.
 * @param span - The range of the text.
 * @param onChecked - Called once with the number of characters that are left.
 * @returns Stops counting.
 */
export function watchKept(
  model: CodeEditor.IModel,
  span: ISpan,
  onChecked: (characters: number) => void
): () => void {
  const { sharedModel } = model;
  let spans = [span];
  const move = (_: unknown, change: { sourceChange?: Delta }): void => {
    spans = moveSpans(spans, change.sourceChange ?? []);
  };
  sharedModel.changed.connect(move);
  const timer = setTimeout(() => {
    stop();
    onChecked(model.isDisposed ? 0 : sizeOf(spans));
  }, KEPT_AFTER_MS);
  const stop = (): void => {
    clearTimeout(timer);
    sharedModel.changed.disconnect(move);
  };
  return stop;
}

function insertInto({ from, to }: ISpan, at: number, size: number): ISpan[] {
  if (at <= from) {
    return [{ from: from + size, to: to + size }];
  }
  return at >= to
    ? [{ from, to }]
    : [
        { from, to: at },
        { from: at + size, to: to + size }
      ];
}

function deleteFrom({ from, to }: ISpan, start: number, end: number): ISpan[] {
  const move = (position: number): number =>
    position <= start ? position : Math.max(start, position - (end - start));
  const moved = { from: move(from), to: move(to) };
  return moved.to > moved.from ? [moved] : [];
}
