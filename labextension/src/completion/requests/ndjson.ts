import { CompletionEvent } from '../../protocol';

/**
 * Read the events of a streamed response: one JSON object a line (NDJSON).
 *
 * @param chunks - The bytes of the response. A chunk may end inside a line or
 * inside a character.
 * @throws SyntaxError - When a line is not JSON.
 */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>
): AsyncGenerator<CompletionEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* parseLines(lines);
  }
  yield* parseLines([rest + decoder.decode()]);
}

function* parseLines(lines: string[]): Generator<CompletionEvent> {
  for (const line of lines) {
    if (line.trim() !== '') {
      yield JSON.parse(line) as CompletionEvent;
    }
  }
}
