import { ISuggestionSources } from '../attribution/tokens';
import { IAttribution } from '../protocol';
import { trans } from '../testing/fakes';
import { SourcesSection } from './sourcesSection';

describe('SourcesSection', () => {
  it('lists the sources of the last match', () => {
    const sources = { last: [] as IAttribution[] };
    const section = new SourcesSection(
      sources as unknown as ISuggestionSources,
      trans
    );
    section.render();
    expect(section.body.textContent).toMatch(/No suggestion was in an index/);
    sources.last = [
      {
        source: 'numpy',
        path: 'core/x.py',
        license: 'BSD-3-Clause',
        start: 0,
        end: 60,
        kind: 'verbatim'
      }
    ];
    section.render();
    const items = [...section.body.querySelectorAll('li')];
    expect(items.map(item => item.textContent)).toEqual([
      'matches numpy/core/x.py, BSD-3-Clause'
    ]);
  });
});
