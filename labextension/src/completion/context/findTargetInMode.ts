import { InlineCompletionTriggerKind } from '@jupyterlab/completer';
import { TranslationBundle } from '@jupyterlab/translation';

import { ISafeCoderStatus } from '../../status/tokens';
import { FindTarget } from '../editor/target';

/**
 * Find no target where the user turned suggestions off, and mark those where
 * they come on request.
 *
 * @param findTarget - Finds the target.
 * @param status - Has the user's choices, and shows why nothing comes.
 * @param trans - Translates the reason.
 */
export function findTargetInMode(
  findTarget: FindTarget,
  status: ISafeCoderStatus,
  trans: TranslationBundle
): FindTarget {
  return context => {
    const target = findTarget(context);
    const mode = target ? status.modes.choiceFor(target) : null;
    if (target === null || mode === null) {
      return target;
    }
    if (mode === 'off') {
      if (context.triggerKind === InlineCompletionTriggerKind.Invoke) {
        status.onEmpty(trans.__('completions are off in this document.'));
      }
      return null;
    }
    return { ...target, isManual: mode === 'manual' };
  };
}
