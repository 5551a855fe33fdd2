import { CompletionCache, cacheKey } from './cache';

describe('CompletionCache', () => {
  it('completes typed text until all of the completion is typed', () => {
    const cache = new CompletionCache();
    cache.store('k', 'im', 'port');
    expect(cache.find('k', 'im')).toBe('port');
    expect(cache.find('k', 'impo')).toBe('rt');
    expect(cache.find('k', 'import')).toBeNull();
    expect(cache.find('k', 'imx')).toBeNull();
    expect(cache.find('k', 'i')).toBeNull();
    expect(cache.find('k', 'xmpo')).toBeNull();
    expect(cache.find('other', 'im')).toBeNull();
  });

  it('uses an empty completion for exactly its prefix only', () => {
    const cache = new CompletionCache();
    cache.store('k', 'a', '');
    expect(cache.find('k', 'a')).toBe('');
    expect(cache.find('k', 'ab')).toBeNull();
  });

  it('prefers the completion of the longest prefix', () => {
    const cache = new CompletionCache();
    cache.store('k', 'a', 'bcd');
    cache.store('k', 'ab', 'cz');
    expect(cache.find('k', 'abc')).toBe('z');
  });

  it('replaces the completion of the same prefix', () => {
    const cache = new CompletionCache();
    cache.store('k', 'a', 'old');
    cache.store('k', 'a', 'new');
    expect(cache.find('k', 'a')).toBe('new');
    expect(cache.size).toBe(1);
    expect(cache.characters).toBe(5);
  });

  it('evicts the entry used least recently', () => {
    const cache = new CompletionCache({ maxEntries: 2 });
    cache.store('k', 'a', '1');
    cache.store('k', 'b', '2');
    cache.find('k', 'a');
    cache.store('k', 'c', '3');
    expect(cache.find('k', 'a')).toBe('1');
    expect(cache.find('k', 'b')).toBeNull();
    expect(cache.size).toBe(2);
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
