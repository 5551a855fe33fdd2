import { ISignal, Signal } from '@lumino/signaling';

import { SessionFigures } from './figures';
import { ISuggestionEvent, ISuggestionEvents } from './tokens';

/**
 * Passes events on, and counts them.
 */
export class SuggestionEvents implements ISuggestionEvents {
  /** The sums since the page was loaded. */
  readonly figures = new SessionFigures();

  /** Emitted for each event, after it was counted. */
  get emitted(): ISignal<this, ISuggestionEvent> {
    return this._emitted;
  }

  /**
   * Emit an event.
   */
  emit(event: ISuggestionEvent): void {
    this.figures.add(event);
    this._emitted.emit(event);
  }

  private _emitted = new Signal<this, ISuggestionEvent>(this);
}
