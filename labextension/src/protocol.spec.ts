import { InlineCompletionTriggerKind } from '@jupyterlab/completer';
import Ajv from 'ajv';
import { readFileSync } from 'fs';
import { join } from 'path';

import { parseErrorResponse } from './errorResponse';
import { errorText } from './protocol';
import { ISuggestionEvent } from './suggestions/tokens';
import {
  ProviderHarness,
  doneEvent,
  flushPromises,
  runtimeStatus,
  suggestionEvent,
  trans
} from './testing/fakes';

const schema = JSON.parse(
  readFileSync(
    join(__dirname, '../../jupyter_safecoder/protocol.schema.json'),
    'utf-8'
  )
);
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(schema);

/** The validation errors; `null` if there are none. */
function validationErrors(definition: string, data: unknown): unknown {
  const check = ajv.getSchema(`${schema.$id}#/definitions/${definition}`);
  // Validate what is sent: undefined fields are left out.
  return check!(JSON.parse(JSON.stringify(data))) ? null : check!.errors;
}

describe('protocol.schema.json', () => {
  const { Automatic, Invoke } = InlineCompletionTriggerKind;

  it.each([
    ['automatic', Automatic],
    ['explicit', Invoke]
  ])('accepts an %s request of the provider', async (_, triggerKind) => {
    const harness = new ProviderHarness();
    harness.context = {
      before: [
        { type: 'markdown', source: '# Title' },
        { type: 'code', source: '1 + 1', output: '2' }
      ],
      below: [{ type: 'code', source: 'print(x)' }],
      modules: [{ path: 'grid.py', text: 'RATE: float\n' }],
      files: [{ path: '../other.ipynb', text: 'x = load()\n' }],
      fingerprint: '1'
    };
    harness.provider.configure({ debounce: 0 });
    harness.before = 'x = ';
    harness.fetch(triggerKind);
    await flushPromises();
    const { request } = harness.lastResponse;
    expect(validationErrors('CompletionRequest', request)).toBeNull();
    expect(
      validationErrors('CompletionRequest', { ...request, folder: 'a' })
    ).not.toBeNull();
    harness.provider.cancel();
  });

  it('accepts our events and status', () => {
    const text = { event: 'text', text: 'a', tokens: 1 };
    const queued = { event: 'queued', position: 1 };
    for (const event of [queued, text, doneEvent('a')]) {
      expect(validationErrors('Event', event)).toBeNull();
    }
    expect(validationErrors('Event', { ...text, prompt_tokens: 7 })).toBeNull();
    expect(validationErrors('Event', { ...text, tokens: 0 })).not.toBeNull();
    expect(validationErrors('Status', runtimeStatus())).toBeNull();
  });

  it('accepts our events of suggestions, and no text', () => {
    const events: ISuggestionEvent[] = [
      suggestionEvent(),
      suggestionEvent({ event: 'accepted', part: 'word', first: true }),
      suggestionEvent({ event: 'kept', accepted_characters: 9 })
    ];
    expect(validationErrors('SuggestionEvents', { events })).toBeNull();
    for (const fields of [{ text: 'x = 1' }, { language: 'x = 1' }]) {
      const event = { ...suggestionEvent(), ...fields };
      expect(validationErrors('SuggestionEvent', event)).not.toBeNull();
    }
  });

  it.each([401, 403, 404, 413, 502])(
    'accepts the error of a response with status %d and no event',
    async status => {
      const response = {
        status,
        json: () => Promise.reject(new SyntaxError('<html>'))
      } as unknown as Response;
      const event = await parseErrorResponse(response, trans);
      expect(validationErrors('ErrorEvent', event)).toBeNull();
      expect(event.remedy).not.toBe('');
    }
  );
});

describe('errorText', () => {
  it('joins the message and the remedy, if there is one', () => {
    const error = { event: 'error', code: 'internal', message: 'A.' } as const;
    expect(errorText({ ...error, remedy: 'B.' })).toBe('A. B.');
    expect(errorText(error)).toBe('A.');
  });
});
