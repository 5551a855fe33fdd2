import { readCases } from '../../testing/cases';
import { CompletionCache, cacheKey } from './cache';

/** A case of the cache, which the replay of typing in Python passes, too. */
interface ICacheCase extends CompletionCache.IOptions {
  name: string;
  steps: Array<{
    store?: [key: string, prefix: string, text: string];
    find?: [key: string, prefix: string];
    found?: string | null;
  }>;
  size?: number;
  characters?: number;
}

describe('CompletionCache', () => {
  it.each(readCases<ICacheCase>('completion_cache'))('$name', testCase => {
    const cache = new CompletionCache(testCase);
    for (const step of testCase.steps) {
      if (step.store) {
        cache.store(...step.store);
      }
      if (step.find) {
        expect(cache.find(...step.find)).toBe(step.found);
      }
    }
    if (testCase.size !== undefined) {
      expect([cache.size, cache.characters]).toEqual([
        testCase.size,
        testCase.characters
      ]);
    }
  });

  it('limits the number of characters', () => {
    const cache = new CompletionCache({ maxCharacters: 100 });
    for (let i = 0; i < 50; i++) {
      cache.store(`key-${i}`, 'p'.repeat(20), 't'.repeat(20));
      expect(cache.characters).toBeLessThanOrEqual(100);
    }
    expect(cache.size).toBe(2);
    cache.clear();
    expect([cache.size, cache.characters]).toEqual([0, 0]);
  });

  it('makes different keys of different parts', () => {
    expect(cacheKey('a', 'b', 'c', 'd')).not.toBe(
      cacheKey('a","b', '', 'c', 'd')
    );
    expect(cacheKey('a', 'bc', '', 'd')).not.toBe(cacheKey('ab', 'c', '', 'd'));
  });
});

describe('CompletionCache.remove', () => {
  it('removes all that would be shown at a cursor, and nothing else', () => {
    const cache = new CompletionCache();
    cache.store('key', 'i', 'mport os');
    cache.store('key', 'im', 'port re');
    cache.store('key', 'imp', '');
    cache.store('other', 'im', 'port re');
    cache.remove('key', 'imp');
    expect(cache.find('key', 'i')).toBeNull();
    expect(cache.find('key', 'im')).toBeNull();
    expect(cache.find('key', 'imp')).toBe('');
    expect(cache.find('other', 'im')).toBe('port re');
    cache.remove('unknown', '');
    expect(cache.size).toBe(2);
  });
});
