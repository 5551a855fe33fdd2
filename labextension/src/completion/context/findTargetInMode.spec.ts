import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';

import { SuggestionMode, SuggestionModes } from '../../status/modes';
import { ISafeCoderStatus } from '../../status/tokens';
import { createModes, trans } from '../../testing/fakes';
import { findTargetInMode } from './findTargetInMode';
import { ICompletionTarget, FindTarget } from '../editor/target';

const { Automatic, Invoke } = InlineCompletionTriggerKind;

describe('findTargetInMode', () => {
  let find: FindTarget;
  let modes: SuggestionModes;
  let onEmpty: jest.Mock;
  let target: ICompletionTarget | null;

  const context = (triggerKind: InlineCompletionTriggerKind) =>
    ({ triggerKind }) as IInlineCompletionContext;

  beforeEach(() => {
    ({ modes } = createModes());
    onEmpty = jest.fn();
    target = { path: 'a.ipynb', language: 'python' } as ICompletionTarget;
    const status = { modes, onEmpty } as unknown as ISafeCoderStatus;
    find = findTargetInMode(() => target, status, trans);
  });

  it('finds what there is where nothing is chosen', () => {
    expect(find(context(Automatic))).toBe(target);
    target = null;
    expect(find(context(Automatic))).toBeNull();
  });

  it.each<[SuggestionMode, boolean]>([
    ['automatic', false],
    ['manual', true]
  ])('marks the choice %s', (mode, isManual) => {
    modes.setDocuments({ 'a.ipynb': mode });
    expect(find(context(Automatic))).toEqual({ ...target, isManual });
  });

  it('finds nothing where it is off, and says so if it is asked for', () => {
    modes.setLanguages({ python: 'off' });
    expect(find(context(Automatic))).toBeNull();
    expect(onEmpty).not.toHaveBeenCalled();
    expect(find(context(Invoke))).toBeNull();
    expect(onEmpty.mock.calls).toEqual([
      ['completions are off in this document.']
    ]);
  });
});
