import { ISignal, Signal } from '@lumino/signaling';

import { CompletionTransport } from '../completion/requests/transport';
import { CompletionEvent, IAttribution } from '../protocol';
import { ISuggestionSources } from './tokens';

/** The number of completions whose sources are remembered. */
export const MAX_COMPLETIONS = 100;

/** A shorter rest of a completion may be that of another one. */
const MIN_REST_CHARACTERS = 20;

/**
 * Remembers where completions are from, in memory.
 *
 * #### Notes
 * What is shown is a completion or, when a part of it was typed, its rest: both
 * have the same end.
 */
export class SuggestionSources implements ISuggestionSources {
  /** Emitted when a suggestion is shown whose source is known. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The sources of the last suggestion that has one. */
  get last(): readonly IAttribution[] {
    return this._last;
  }

  /**
   * Remember the sources of what a transport receives.
   */
  wrap(transport: CompletionTransport): CompletionTransport {
    return (request, signal) => this._watch(transport(request, signal));
  }

  /**
   * Find the sources of a suggestion.
   */
  of(suggestion: string): IAttribution[] {
    for (const [text, sources] of [...this._completions].reverse()) {
      const isRest =
        suggestion.length >= MIN_REST_CHARACTERS && text.endsWith(suggestion);
      if (isRest || text === suggestion) {
        // Offsets count characters, the length of a string UTF-16 code units.
        const typed = [...text.slice(0, text.length - suggestion.length)];
        return sources.filter(source => source.end > typed.length);
      }
    }
    return [];
  }

  /**
   * Remember the sources of the suggestion that is shown.
   */
  onShown(sources: IAttribution[]): void {
    if (JSON.stringify(sources) !== JSON.stringify(this._last)) {
      this._last = sources;
      this._changed.emit();
    }
  }

  private async *_watch(
    events: AsyncIterable<CompletionEvent>
  ): AsyncGenerator<CompletionEvent> {
    for await (const event of events) {
      if (event.event === 'done' && event.attribution) {
        this._completions.delete(event.text);
        this._completions.set(event.text, event.attribution);
        const [oldest] = this._completions.keys();
        if (this._completions.size > MAX_COMPLETIONS) {
          this._completions.delete(oldest);
        }
      }
      yield event;
    }
  }

  private _changed = new Signal<this, void>(this);
  private _completions = new Map<string, IAttribution[]>();
  private _last: readonly IAttribution[] = [];
}
