import { CompletionStream } from './completionStream';
import { ICellContext, ICompletionTarget } from '../editor/target';
import { IWindow, cutWindow } from '../editor/window';

/**
 * One call of the provider's `fetch` by Lab.
 *
 * At most one call is current. A completion stream can serve several calls,
 * one after the other, while what the user types agrees with its text.
 */
export class FetchCall {
  /**
   * @param target - The cell or file.
   * @param context - The context of the cell.
   * @param window - The window around the cursor at the time of the call.
   * @param key - Everything that the completion depends on except the prefix.
   * @param isInvoked - Whether the user requested a suggestion explicitly.
   */
  constructor(
    readonly target: ICompletionTarget,
    readonly context: ICellContext,
    readonly window: IWindow,
    readonly key: string,
    readonly isInvoked: boolean
  ) {}

  /** The token that Lab passes to the provider's `stream`. */
  readonly token = Private.nextToken();

  /** Aborted when the call is cancelled. */
  get signal(): AbortSignal {
    return this._controller.signal;
  }

  /**
   * Cancel the call: nothing is shown for it any more.
   */
  cancel(): void {
    this._controller.abort();
  }

  /**
   * Whether the cursor and the text around it are still those of the call.
   */
  isCurrent(): boolean {
    return this._readPrefix() === this.window.prefix;
  }

  /**
   * Whether this is the place of another call, in a text that may have changed
   * in other lines.
   */
  isSamePlace(other: FetchCall): boolean {
    return Private.placeOf(this) === Private.placeOf(other);
  }

  /**
   * The part of a stream's text that remains to be inserted at the cursor.
   *
   * The editor is read as it is now.
   *
   * @returns `null` if the call was cancelled or the text does not fit any more.
   */
  remainder(stream: CompletionStream): string | null {
    const prefix = this._readPrefix();
    return prefix === null ? null : stream.remainder(prefix);
  }

  /**
   * Whether the call has joined a request whose answer is not one for it.
   *
   * @param stream - The request, which has settled.
   * @param remainder - What remains of its text.
   */
  isInVain(stream: CompletionStream, remainder: string | null): boolean {
    if (stream.isPrefetch) {
      // The engine had other things to do.
      return stream.error !== null || stream.isPartial;
    }
    return (
      !stream.error &&
      remainder === null &&
      stream.prefix !== this.window.prefix
    );
  }

  /**
   * Wait until the stream changes or settles, or the call is cancelled.
   */
  nextUpdate(stream: CompletionStream): Promise<void> {
    if (stream.isSettled || this.signal.aborted) {
      return Promise.resolve();
    }
    return new Promise(resolve => {
      const onUpdate = (): void => {
        stream.changed.disconnect(onUpdate);
        this.signal.removeEventListener('abort', onUpdate);
        resolve();
      };
      stream.changed.connect(onUpdate);
      this.signal.addEventListener('abort', onUpdate);
    });
  }

  /**
   * The text before the cursor now; `null` if the call was cancelled or the
   * text after the cursor has changed.
   */
  private _readPrefix(): string | null {
    const state = this.signal.aborted ? null : this.target.readCursor();
    if (state === null) {
      return null;
    }
    const { prefix, suffix } = cutWindow(state.text, state.cursor);
    return suffix === this.window.suffix ? prefix : null;
  }

  private _controller = new AbortController();
}

namespace Private {
  let count = 0;

  /** The document, the cell, and the line of the cursor in it. */
  export function placeOf({ target, window }: FetchCall): string {
    const before = window.prefix.split('\n').pop();
    const after = window.suffix.split('\n', 1)[0];
    return JSON.stringify([target.document, target.cell, before, after]);
  }

  /** A token that no other call has. */
  export function nextToken(): string {
    return `safecoder-${++count}`;
  }
}
