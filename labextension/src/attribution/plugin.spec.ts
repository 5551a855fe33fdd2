import { attributionPlugin } from './plugin';
import { ISuggestionSources } from './tokens';

describe('attributionPlugin', () => {
  it('provides the sources of suggestions', () => {
    expect(attributionPlugin.provides).toBe(ISuggestionSources);
    const sources = attributionPlugin.activate(
      {} as never
    ) as ISuggestionSources;
    expect(sources.of('x')).toEqual([]);
  });
});
