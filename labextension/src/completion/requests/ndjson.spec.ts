import { CompletionEvent } from '../../protocol';
import { doneEvent } from '../../testing/fakes';
import { readEvents } from './ndjson';

async function* inChunks(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.slice(start, start + size);
  }
}

async function read(text: string, size: number): Promise<CompletionEvent[]> {
  const events = [];
  for await (const event of readEvents(
    inChunks(new Uint8Array(Buffer.from(text)), size)
  )) {
    events.push(event);
  }
  return events;
}

describe('readEvents', () => {
  const events: CompletionEvent[] = [
    { event: 'queued', position: 1 },
    { event: 'text', text: 'é 🎉\u2028\n', tokens: 2 },
    doneEvent('é 🎉\n漢字')
  ];
  const body = events.map(event => JSON.stringify(event) + '\n').join('');

  it.each([1, 2, 3, 7, 10_000])('reads chunks of %d bytes', async size => {
    expect(await read(body, size)).toEqual(events);
  });

  it('reads a last line without a line break, and skips blank lines', async () => {
    expect(await read('\n' + body.trimEnd(), 5)).toEqual(events);
  });

  it('rejects a line that is not JSON', async () => {
    await expect(read('<html>\n', 3)).rejects.toThrow(SyntaxError);
  });
});
