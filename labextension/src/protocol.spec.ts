import Ajv from 'ajv';
import { readFileSync } from 'fs';
import { join } from 'path';

import { readRefusal } from './completion/transport';
import { Desk, done, runtime, settle } from './testing/fakes';

const schema = JSON.parse(
  readFileSync(
    join(__dirname, '../../jupyter_safecoder/protocol.schema.json'),
    'utf-8'
  )
);
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(schema);

/** The complaints of the schema; `null` if there are none. */
function complaints(definition: string, data: unknown): unknown {
  const check = ajv.getSchema(`${schema.$id}#/definitions/${definition}`);
  // As it comes out of the wire.
  return check!(JSON.parse(JSON.stringify(data))) ? null : check!.errors;
}

describe('the protocol', () => {
  it.each(['automatic', 'invoke'])('allows our %s request', async trigger => {
    const desk = new Desk();
    desk.around = {
      before: [
        { type: 'markdown', source: '# Title' },
        { type: 'code', source: '1 + 1', output: '2' }
      ],
      fingerprint: '1'
    };
    desk.provider.configure({ debounce: 0 });
    desk.before = 'x = ';
    desk.ask(trigger === 'invoke' ? 0 : 1);
    await settle();
    expect(complaints('CompletionRequest', desk.last.request)).toBeNull();
    expect(
      complaints('CompletionRequest', { ...desk.last.request, folder: 'a' })
    ).not.toBeNull();
    desk.provider.cancel();
  });

  it('agrees on events and status', () => {
    const text = { event: 'text', text: 'a', tokens: 1 };
    for (const event of [{ event: 'queued', position: 1 }, text, done('a')]) {
      expect(complaints('Event', event)).toBeNull();
    }
    expect(complaints('Event', { ...text, prompt_tokens: 7 })).toBeNull();
    expect(complaints('Event', { ...text, tokens: 0 })).not.toBeNull();
    expect(complaints('Status', runtime())).toBeNull();
  });

  it.each([401, 403, 404, 413, 502])(
    'makes an error of a bare %d answer',
    async status => {
      const response = {
        status,
        json: () => Promise.reject(new SyntaxError('<html>'))
      } as unknown as Response;
      const event = await readRefusal(response);
      expect(complaints('ErrorEvent', event)).toBeNull();
      expect(event.remedy).not.toBe('');
    }
  );
});
