import { TranslationBundle } from '@jupyterlab/translation';

import { FinishReason } from '../../protocol';

/**
 * Explain why a completion is empty.
 *
 * @param reason - Why generation stopped; `null` if the server gave no reason.
 * @param trans - Translates the explanation.
 */
export function explainEmpty(
  reason: FinishReason | null,
  trans: TranslationBundle
): string {
  switch (reason) {
    case 'attribution':
      return trans.__('it is in code whose license is blocked here.');
    case 'deadline':
      return trans.__('the model did not respond in time.');
    case 'duplicate':
      return trans.__('the model only repeats text that is already there.');
    case 'empty_prompt':
      return trans.__('there is no text to complete. Type a few words first.');
    case 'excluded':
      return trans.__(
        'the policy of this Hub or a .safecoderignore excludes it from completions.'
      );
    case 'secret':
      return trans.__('keys and passwords are not completed.');
    case 'superseded':
      return trans.__('a newer request replaced this one.');
    default:
      return trans.__('the model has nothing to add.');
  }
}

/**
 * Explain why there is no other suggestion.
 *
 * @param found - What the model has found; `null` if it cannot compute others.
 * @param trans - Translates the explanation.
 */
export function explainNoAlternatives(
  found: readonly string[] | null,
  trans: TranslationBundle
): string {
  return found === null
    ? trans.__('the engine cannot compute alternatives.')
    : trans.__('the model is too unsure of any alternative.');
}
