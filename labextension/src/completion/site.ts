import {
  CompletionHandler,
  IInlineCompletionContext
} from '@jupyterlab/completer';

import { ICell } from '../protocol';

/** The text of an editor and where its cursor is. */
export interface IPlace {
  /** The whole text of the cell or file. */
  text: string;

  /** The cursor, in UTF-16 code units. */
  cursor: number;
}

/** The surroundings of a cell. */
export interface ISurroundings {
  /** Cells above, in notebook order. */
  before: ICell[];

  /** A string that is equal exactly when the neighbours are. */
  fingerprint: string;
}

/** The cell or file that a completion is asked for. */
export interface ICompletionSite {
  /** An opaque name of the document, the same at each keystroke. */
  readonly document: string;

  /** Where the document is, below the server's root. */
  readonly path: string;

  /** The cell's name inside the document. */
  readonly cell: string;

  /** The language, in lower case. */
  readonly language: string;

  /** Choose the neighbours. */
  surroundings(includeOutputs: boolean): ISurroundings;

  /** Read the editor as it is now; `null` once the person has left it. */
  read(): IPlace | null;

  /** Remove a suggestion that is shown and turned out to be wrong. */
  dismiss(): void;
}

/**
 * Find the site of a request of Lab's inline completer.
 *
 * @returns `null` where nothing is to be completed: Markdown, an editor that
 * the person is not in, a kind of document that we do not know.
 */
export type SiteFinder = (
  request: CompletionHandler.IRequest,
  context: IInlineCompletionContext
) => ICompletionSite | null;
