import { IInlineCompletionContext } from '@jupyterlab/completer';

import { ICell } from '../protocol';
import { DocumentKind } from '../suggestions/tokens';

/** The text of an editor and the offset of its cursor. */
export interface ICursorState {
  /** The whole text of the cell or file. */
  text: string;

  /** The offset of the cursor, in UTF-16 code units. */
  cursor: number;
}

/** The context of a cell. */
export interface ICellContext {
  /** The selected cells above, in notebook order. */
  before: ICell[];

  /** Equal for two contexts of a cell exactly when their cells are equal. */
  fingerprint: string;
}

/** The cell or file that a completion is requested for. */
export interface ICompletionTarget {
  /** An opaque id of the document, the same at each keystroke. */
  readonly document: string;

  /** The path of the document, relative to the server's root. */
  readonly path: string;

  /** The kind of the document. */
  readonly kind: DocumentKind;

  /**
   * Whether suggestions come on request only; without it as the user's settings
   * say for everything.
   */
  readonly isManual?: boolean;

  /** The id of the cell inside the document. */
  readonly cell: string;

  /** The programming language, in lower case. */
  readonly language: string;

  /** Select the context of the cell. */
  context(includeOutputs: boolean): ICellContext;

  /** Read the editor as it is now; `null` once the user has left it. */
  readCursor(): ICursorState | null;

  /** Remove a suggestion that is shown in the editor. */
  dismiss(): void;
}

/**
 * Find the target of a request of Lab's inline completer.
 *
 * @returns `null` where nothing is to be completed: in Markdown, in an editor
 * without the focus or that is read-only, and in an unknown kind of document.
 */
export type FindTarget = (
  context: IInlineCompletionContext
) => ICompletionTarget | null;
