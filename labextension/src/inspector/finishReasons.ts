import { TranslationBundle } from '@jupyterlab/translation';

import { FinishReason } from '../protocol';

/**
 * Explain in plain words why a suggestion ends where it does.
 *
 * @param reason - Why generation stopped.
 * @param trans - Translates the explanation.
 */
export function explainFinish(
  reason: FinishReason,
  trans: TranslationBundle
): string {
  switch (reason) {
    case 'end':
      return trans.__('The model had written all that it wanted to.');
    case 'length':
      return trans.__(
        'The maximum number of tokens was reached; what was half written is left out.'
      );
    case 'lines':
      return trans.__('The maximum number of lines was reached.');
    case 'line':
      return trans.__('The line was complete, and one line was asked for.');
    case 'dedent':
      return trans.__('The next line would have left the block.');
    case 'repeat':
      return trans.__('The model began to repeat itself.');
    case 'suffix':
      return trans.__('It reached the text after the cursor.');
    case 'deadline':
      return trans.__('The time was up; what was half written is left out.');
    case 'superseded':
      return trans.__('A newer request replaced this one.');
    case 'blank':
      return trans.__('Only white space was left, so nothing is shown.');
    case 'duplicate':
      return trans.__(
        'It only repeated text that is already there, so nothing is shown.'
      );
    case 'empty_prompt':
      return trans.__('There is no text to complete yet.');
    case 'excluded':
      return trans.__('This document or its text is excluded.');
    case 'low_confidence':
      return trans.__(
        'The model was too unsure of the next line to show it without being asked.'
      );
    case 'secret':
      return trans.__(
        'The cursor is in a key or password, or the model suggested one.'
      );
    case 'attribution':
      return trans.__(
        'The text is in code whose license is blocked here, so nothing is shown.'
      );
    case 'invisible':
      return trans.__(
        'The next character is invisible, and could hide code from you.'
      );
    case 'command':
      return trans.__(
        'The next line would run a command, which is only shown when asked for.'
      );
  }
}
