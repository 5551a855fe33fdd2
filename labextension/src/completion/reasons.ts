import { FinishReason } from '../protocol';

/**
 * Say why an answer came out empty.
 */
export function explain(reason: FinishReason | null): string {
  return (reason && reasons[reason]) ?? 'the model has nothing to add.';
}

const reasons: { [reason in FinishReason]?: string } = {
  deadline: 'the model did not answer in time.',
  duplicate: 'the model would only repeat what is already there.',
  empty_prompt: 'there is no text to go on. Write a few words first.',
  excluded: 'the policy of this Hub excludes it from completions.',
  superseded: 'a newer request took its place.'
};
