import { ICursorState } from '../editor/target';
import { InputKind } from '../editor/lastInput';

/**
 * What a call of the provider's `fetch` asks for: `explicit` what the user
 * requested, `automatic` what there may be, `known` what needs no request,
 * `none` nothing.
 */
export type CallKind = 'automatic' | 'explicit' | 'known' | 'none';

/**
 * Tells the kinds of Lab's calls apart.
 *
 * #### Notes
 * Who deletes what was typed along a suggestion gets only what is known already,
 * as long as something is; who deletes other text, undoes or composes gets
 * nothing. Where Lab makes no automatic call, one is made as an explicit call
 * that was expected.
 */
export class CallKinds {
  /**
   * @param inputKind - How the user has changed the text last.
   */
  constructor(inputKind: () => InputKind) {
    this._inputKind = inputKind;
  }

  /**
   * Take the next explicit call for an automatic one, if it is for this cursor.
   */
  expect(state: ICursorState | null): void {
    this._expected = state;
  }

  /**
   * The kind of a call.
   *
   * @param isInvoked - Whether Lab takes it for explicit.
   * @param state - The editor.
   */
  classify(isInvoked: boolean, state: ICursorState): CallKind {
    const expected = this._expected;
    this._expected = null;
    const isExpected =
      expected?.text === state.text && expected.cursor === state.cursor;
    if (isInvoked) {
      return isExpected ? 'automatic' : 'explicit';
    }
    const input = this._inputKind();
    // Lab removes a suggestion at each deletion, and shows it again.
    this._isRetracting =
      input === 'retract' || (input === 'delete' && this._isRetracting);
    if (this._isRetracting) {
      return 'known';
    }
    return input === 'type' ? 'automatic' : 'none';
  }

  /**
   * Note that nothing is known: further deletions get nothing.
   */
  onUnknown(): void {
    this._isRetracting = false;
  }

  private _expected: ICursorState | null = null;
  private _inputKind: () => InputKind;
  private _isRetracting = false;
}
