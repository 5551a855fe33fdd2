import { TranslationBundle } from '@jupyterlab/translation';

import {
  MAX_MINUTES,
  SessionFigures,
  percentiles
} from '../suggestions/figures';
import { Section, createFacts, createText } from './section';
import { ISeries, createBars, createLines } from './sparkline';

/**
 * The figures of this session: numbers and small plots.
 */
export class FiguresSection extends Section {
  /**
   * @param figures - The figures.
   * @param trans - Translates texts.
   */
  constructor(figures: SessionFigures, trans: TranslationBundle) {
    super('figures', trans.__('This session'));
    this._figures = figures;
    this._trans = trans;
    this.render();
  }

  /** Show the present figures. */
  render(): void {
    const { shown, accepted, dismissed } = this._figures;
    const { acceptedCharacters, checkedCharacters } = this._figures;
    this.show(
      [shown, accepted, dismissed, acceptedCharacters, checkedCharacters],
      () => (shown === 0 ? [this._empty()] : this._content())
    );
  }

  private _empty(): HTMLElement {
    return createText(this._trans.__('No suggestion was shown yet.'));
  }

  private _content(): Node[] {
    const { _figures: figures, _trans: trans } = this;
    const { acceptedCharacters, checkedCharacters, minutes, parts } = figures;
    const { p50, p95 } = figures.times!;
    const time = trans.__('p50 %1 ms, p95 %2 ms', p50, p95);
    const ofMinutes = minutes.map(({ times }) => percentiles(times));
    const lines = (name: 'p50' | 'p95'): ISeries => ({
      name,
      values: padded(
        ofMinutes.map(times => times?.[name] ?? null),
        null
      )
    });
    const taken = trans.__(
      '%1 of %2: whole %3, lines %4, words %5',
      figures.accepted,
      figures.shown,
      parts.all,
      parts.line,
      parts.word
    );
    const kept =
      checkedCharacters === 0
        ? trans.__('not known yet')
        : `${Math.round((100 * figures.keptCharacters) / checkedCharacters)} %`;
    return [
      createFacts([[trans.__('Time to ghost text'), time]]),
      createLines(trans.__('Time to ghost text by minute: %1', time), [
        lines('p50'),
        lines('p95')
      ]),
      createFacts([[trans.__('Shown'), String(figures.shown)]]),
      createBars(
        trans.__('Suggestions by minute: %1 in all', figures.shown),
        padded(
          minutes.map(minute => minute.shown),
          0
        )
      ),
      createFacts([
        [trans.__('Taken'), taken],
        [trans.__('Dismissed'), String(figures.dismissed)],
        [trans.__('Characters saved'), String(acceptedCharacters)]
      ]),
      createBars(
        trans.__('Characters saved by minute: %1 in all', acceptedCharacters),
        padded(
          minutes.map(minute => minute.characters),
          0
        )
      ),
      createFacts([[trans.__('Kept after 30 s'), kept]]),
      createText(
        trans.__('Counts without text, in this tab only, until it is closed.')
      )
    ];
  }

  private _figures: SessionFigures;
  private _trans: TranslationBundle;
}

/** The values of all minutes of a plot: the last one is at its right edge. */
function padded<T>(values: T[], missing: T): T[] {
  const count = Math.max(0, MAX_MINUTES - values.length);
  return [...Array<T>(count).fill(missing), ...values];
}
