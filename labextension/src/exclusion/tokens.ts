import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { CompletionTransport } from '../completion/requests/transport';
import { IExclusion } from '../protocol';

/** What is excluded from completions, by tags, metadata and the server. */
export interface IExclusions {
  /** Emitted when `current` changes, and when the server has answered. */
  readonly changed: ISignal<IExclusions, void>;

  /** Why nothing is completed where the user is; `null` if it is. */
  readonly current: IExclusion | null;

  /**
   * Whether nothing is completed where the user is in a document, also because
   * the server has not answered yet.
   */
  isExcluded(widget: Widget): boolean;

  /**
   * Ask the server again about documents in which it refuses a completion.
   */
  watch(transport: CompletionTransport): CompletionTransport;
}

/** The token of the exclusions. */
export const IExclusions = new Token<IExclusions>(
  'jupyter-safecoder:IExclusions',
  'What is excluded from completions.'
);
