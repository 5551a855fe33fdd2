import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { Widget } from '@lumino/widgets';

import { FindTarget, ICompletionTarget, ICursorState } from '../editor/target';

/** How long, in ms, the cursor rests on an empty line before a suggestion. */
export const REST_MS = 600;

/** Keys that move the cursor and change no text. */
const MOVES = new Set([
  ...['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'],
  ...['Home', 'End', 'PageUp', 'PageDown']
]);

/**
 * Asks for a suggestion where the line has no text yet: after Enter, and where
 * the cursor rests on an empty line or in an empty cell.
 *
 * #### Notes
 * Lab asks its providers for nothing at the start of a line
 * (jupyterlab/jupyterlab#17568). What is asked for here counts as automatic.
 * Deletion, undo and redo ask for nothing.
 */
export class FreshLineTrigger {
  /**
   * @param options - What the trigger works with.
   */
  constructor(options: FreshLineTrigger.IOptions) {
    this._options = options;
  }

  /**
   * Listen to an element with all editors of the page.
   */
  connect(root: EventTarget): void {
    // Before the editor, which stops some of the events.
    root.addEventListener('keydown', this, true);
    root.addEventListener('pointerup', this, true);
    root.addEventListener('focusin', this, true);
  }

  /**
   * Handle an event of the page.
   */
  handleEvent(event: Event): void {
    clearTimeout(this._timer);
    const inEditor = (event.target as Element | null)?.closest?.('.jp-Editor');
    const rest = inEditor ? Private.restAfter(event) : null;
    if (rest !== null) {
      this._timer = setTimeout(() => this._ask(isFreshLine), rest);
    }
  }

  /**
   * Ask at the cursor, whatever is in its line: Lab asked while the user
   * composed the text there.
   */
  ask(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._ask(() => true), 0);
  }

  private _ask(isWanted: (state: ICursorState) => boolean): void {
    const { currentWidget, expect, findTarget, invoke } = this._options;
    const widget = currentWidget();
    const target = widget && findTarget(Private.context(widget));
    const state = target?.readCursor();
    if (!target || !state || !isWanted(state)) {
      return;
    }
    // Once: a suggestion that was dismissed here stays away.
    const place = JSON.stringify([target.document, target.cell, state]);
    if (
      place !== this._lastPlace &&
      expect(state, isFreshLine(state), target)
    ) {
      this._lastPlace = place;
      invoke(widget.id);
    }
  }

  private _lastPlace = '';
  private _options: FreshLineTrigger.IOptions;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * A namespace for `FreshLineTrigger` statics.
 */
export namespace FreshLineTrigger {
  /** What the trigger works with. */
  export interface IOptions {
    /** The document that the user is in. */
    currentWidget: () => Widget | null;

    /**
     * Announce the next request, which is made by `invoke`.
     *
     * @returns Whether there may be a suggestion at the cursor.
     */
    expect: (
      state: ICursorState,
      isFreshLine: boolean,
      target: ICompletionTarget
    ) => boolean;

    /** Finds the cell or file of a request. */
    findTarget: FindTarget;

    /** Make Lab request suggestions in a document. */
    invoke: (widgetId: string) => void;
  }
}

/**
 * Whether the line of the cursor has no text.
 */
export function isFreshLine(state: ICursorState): boolean {
  const before = state.text.slice(0, state.cursor).split('\n').pop()!;
  const after = state.text.slice(state.cursor).split('\n', 1)[0];
  return before.trim() === '' && after.trim() === '';
}

namespace Private {
  /** How long the cursor must rest after an event, in ms; `null`: no request. */
  export function restAfter(event: Event): number | null {
    if (event.type !== 'keydown') {
      return REST_MS;
    }
    const { altKey, ctrlKey, isComposing, key, metaKey, shiftKey } =
      event as KeyboardEvent;
    if (isComposing || altKey || ctrlKey || metaKey || shiftKey) {
      return null;
    }
    // The provider waits for the user's pause.
    return key === 'Enter' ? 0 : MOVES.has(key) ? REST_MS : null;
  }

  /** The context of an automatic request of Lab. */
  export function context(widget: Widget): IInlineCompletionContext {
    return { widget, triggerKind: InlineCompletionTriggerKind.Automatic };
  }
}
