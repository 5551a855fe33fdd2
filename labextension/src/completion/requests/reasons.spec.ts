import { FinishReason } from '../../protocol';
import { trans } from '../../testing/fakes';
import { explainEmpty, explainNoAlternatives } from './reasons';

describe('explainEmpty', () => {
  it.each<[FinishReason, RegExp]>([
    ['attribution', /license is blocked/],
    ['deadline', /in time/],
    ['duplicate', /repeats/],
    ['empty_prompt', /Type a few words/],
    ['excluded', /policy/],
    ['secret', /passwords/],
    ['superseded', /newer request/]
  ])('explains %s', (reason, expected) => {
    expect(explainEmpty(reason, trans)).toMatch(expected);
  });

  it.each(['end', 'blank', null] as const)(
    'has a general explanation for %s',
    reason => {
      expect(explainEmpty(reason, trans)).toBe('the model has nothing to add.');
    }
  );
});

it('explains why there is no alternative', () => {
  expect(explainNoAlternatives(null, trans)).toMatch(/engine cannot/);
  expect(explainNoAlternatives([], trans)).toMatch(/too unsure/);
});
