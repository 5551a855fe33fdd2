import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { SessionFigures } from './figures';

/** How much of a suggestion is accepted at once. */
export type AcceptedPart = 'all' | 'line' | 'word';

/** Where a suggestion is shown. */
export type DocumentKind = 'notebook' | 'console' | 'file';

/**
 * What happened to a suggestion: sizes, times and names, never its text.
 *
 * Fields have the names of the protocol, because they are sent as they are
 * where an administrator counts them.
 */
export interface ISuggestionEvent {
  /**
   * `kept` is emitted half a minute after `accepted`, with what is still there.
   */
  event: 'shown' | 'accepted' | 'dismissed' | 'kept';

  /** UTF-16 code units that were shown, accepted, dismissed or kept. */
  characters: number;

  /** Of `shown`: milliseconds from the call of the editor. */
  latency_ms?: number;

  /** Of `accepted`: how much. */
  part?: AcceptedPart;

  /** Of `accepted`: whether nothing of this suggestion was accepted before. */
  first?: boolean;

  /** Of `kept`: how many characters were accepted. */
  accepted_characters?: number;

  /** The kind of the document. */
  document: DocumentKind;

  /** The language of the document. */
  language: string;

  /** The model that is served; empty if it is not known. */
  model: string;
}

/** What happens to suggestions in this page. */
export interface ISuggestionEvents {
  /** Emitted for each event. */
  readonly emitted: ISignal<ISuggestionEvents, ISuggestionEvent>;

  /** The sums since the page was loaded. */
  readonly figures: SessionFigures;

  /** Emit an event. */
  emit(event: ISuggestionEvent): void;
}

/** The token of the events. */
export const ISuggestionEvents = new Token<ISuggestionEvents>(
  'jupyter-safecoder:ISuggestionEvents',
  'What happens to suggestions: shown, accepted, dismissed, kept; no text.'
);
