import { IInlineCompletionContext } from '@jupyterlab/completer';

import { ICell, IExcerpt, IKernelName } from '../../protocol';
import { DocumentKind } from '../../suggestions/tokens';
import { ISources } from '../settings';

/** The text of an editor and the offset of its cursor. */
export interface ICursorState {
  /** The whole text of the cell or file. */
  text: string;

  /** The offset of the cursor, in UTF-16 code units. */
  cursor: number;
}

/** What the project of a document adds to its context. */
export interface IProjectContext {
  /** Signatures of the local modules that the notebook imports. */
  modules: IExcerpt[];

  /** Parts of other documents that are like the lines at hand. */
  files: IExcerpt[];
}

/** The context of a cell. */
export interface ICellContext extends IProjectContext {
  /** The selected cells above, in notebook order. */
  before: ICell[];

  /** The selected cells below, in notebook order. */
  below: ICell[];

  /**
   * The names in the kernel, the most useful first.
   *
   * @param prefix - The text before the cursor, which may ask for members.
   */
  kernel?(prefix: string): IKernelName[];

  /** Equal for two contexts of a cell exactly when their parts are equal. */
  fingerprint: string;
}

/** What is part of a context. */
export interface IContextOptions {
  /** Whether the outputs of other cells are. */
  includeOutputs: boolean;

  /** The sources that are. */
  sources: ISources;
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
  context(options: IContextOptions): ICellContext;

  /** Whether another user has changed the text of the editor last. */
  isChangedRemotely(): boolean;

  /** Read the editor as it is now; `null` once the user has left it. */
  readCursor(): ICursorState | null;

  /**
   * Make positions in the text that Lab shares those of the editor.
   *
   * @returns Whether that text was changed; Lab then makes another request.
   */
  alignLineEnds(): boolean;

  /** Remove a suggestion that is shown in the editor. */
  dismiss(): void;
}

/**
 * Find the target of a request of Lab's inline completer.
 *
 * @returns `null` where nothing is to be completed: in Markdown, in an editor
 * without the focus or that is read-only, where the user or the server excludes it,
 * and in an unknown kind of document.
 */
export type FindTarget = (
  context: IInlineCompletionContext
) => ICompletionTarget | null;
