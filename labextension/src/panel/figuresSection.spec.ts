import { SessionFigures } from '../suggestions/figures';
import { suggestionEvent, trans } from '../testing/fakes';
import { FiguresSection } from './figuresSection';

describe('FiguresSection', () => {
  let figures: SessionFigures;
  let section: FiguresSection;

  function fact(name: string): string | null {
    const terms = Array.from(section.node.querySelectorAll('dt'));
    const term = terms.find(({ textContent }) => textContent === name);
    return term?.nextElementSibling?.textContent ?? null;
  }

  beforeEach(() => {
    figures = new SessionFigures(() => 0);
    section = new FiguresSection(figures, trans);
  });

  it('says that there are no figures yet', () => {
    expect(section.body.textContent).toBe('No suggestion was shown yet.');
  });

  it('shows the figures, with small plots that are described', () => {
    figures.add(suggestionEvent({ latency_ms: 84 }));
    figures.add(
      suggestionEvent({
        event: 'accepted',
        characters: 12,
        part: 'line',
        first: true
      })
    );
    section.render();
    expect(fact('Time to ghost text')).toBe('p50 84 ms, p95 84 ms');
    expect(fact('Shown')).toBe('1');
    expect(fact('Taken')).toBe('1 of 1: whole 0, lines 1, words 0');
    expect(fact('Characters saved')).toBe('12');
    expect(fact('Kept after 30 s')).toBe('not known yet');
    const plots = Array.from(section.node.querySelectorAll('svg'));
    expect(plots.map(plot => plot.getAttribute('aria-label'))).toEqual([
      'Time to ghost text by minute: p50 84 ms, p95 84 ms',
      'Suggestions by minute: 1 in all',
      'Characters saved by minute: 12 in all'
    ]);
    figures.add(
      suggestionEvent({
        event: 'kept',
        characters: 9,
        accepted_characters: 12
      })
    );
    section.render();
    expect(fact('Kept after 30 s')).toBe('75 %');
  });

  it('has gaps in minutes in which nothing was shown', () => {
    figures.add(suggestionEvent());
    figures.minutes.push({ minute: 1, shown: 0, characters: 4, times: [] });
    figures.add(suggestionEvent({ event: 'dismissed' }));
    section.render();
    const line = section.node.querySelector('.jp-SafeCoder-p50')!;
    expect(line.getAttribute('d')).toBe('M228 2l0 0');
  });
});
