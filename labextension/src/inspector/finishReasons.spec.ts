import { readFileSync } from 'fs';
import { join } from 'path';

import { FinishReason } from '../protocol';
import { trans } from '../testing/fakes';
import { explainFinish } from './finishReasons';

/** The reasons of the protocol's schema. */
const REASONS: FinishReason[] = JSON.parse(
  readFileSync(
    join(__dirname, '../../../jupyter_safecoder/protocol.schema.json'),
    'utf-8'
  )
).definitions.DoneEvent.properties.finish_reason.enum;

describe('explainFinish', () => {
  it('explains each reason in a sentence of its own', () => {
    const texts = REASONS.map(reason => explainFinish(reason, trans));
    expect(new Set(texts).size).toBe(REASONS.length);
    for (const text of texts) {
      expect(text).toMatch(/^[A-Z][^_]{20,90}\.$/);
    }
  });
});
