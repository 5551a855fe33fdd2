import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { CompletionTransport } from '../completion/requests/transport';
import { IAttribution } from '../protocol';

/** Where suggestions are from, as far as the server knows. */
export interface ISuggestionSources {
  /** Emitted when a suggestion is shown whose source is known. */
  readonly changed: ISignal<ISuggestionSources, void>;

  /** The sources of the last suggestion that has one. */
  readonly last: readonly IAttribution[];

  /** Remember the sources of what a transport receives. */
  wrap(transport: CompletionTransport): CompletionTransport;

  /**
   * Find the sources of a suggestion.
   *
   * @param suggestion - What is shown: a completion, or the rest of one.
   */
  of(suggestion: string): IAttribution[];

  /** Remember the sources of the suggestion that is shown. */
  onShown(sources: IAttribution[]): void;
}

/** The token of the sources. */
export const ISuggestionSources = new Token<ISuggestionSources>(
  'jupyter-safecoder:ISuggestionSources',
  'Where suggestions are from: package, file and license.'
);
