import { CompletionEvent } from '../protocol';
import { done } from '../testing/fakes';
import { readEvents } from './ndjson';

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.slice(at, at + size);
  }
}

async function read(text: string, size: number): Promise<CompletionEvent[]> {
  const events = [];
  for await (const event of readEvents(
    inPieces(new Uint8Array(Buffer.from(text)), size)
  )) {
    events.push(event);
  }
  return events;
}

describe('readEvents', () => {
  const events: CompletionEvent[] = [
    { event: 'queued', position: 1 },
    { event: 'text', text: 'é 🎉\u2028\n', tokens: 2 },
    done('é 🎉\n漢字')
  ];
  const body = events.map(event => JSON.stringify(event) + '\n').join('');

  it.each([1, 2, 3, 7, 10_000])('reads pieces of %d bytes', async size => {
    expect(await read(body, size)).toEqual(events);
  });

  it('reads a last line without its end, and skips blank ones', async () => {
    expect(await read('\n' + body.trimEnd(), 5)).toEqual(events);
  });

  it('rejects what is not JSON', async () => {
    await expect(read('<html>\n', 3)).rejects.toThrow(SyntaxError);
  });
});
