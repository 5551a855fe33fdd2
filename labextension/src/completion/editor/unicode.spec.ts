import { replaceLoneSurrogates, splitsSurrogatePair } from './unicode';

describe('replaceLoneSurrogates', () => {
  it.each([
    ['a high surrogate', 'a\uD83Cb', 'a\uFFFDb'],
    ['a low surrogate', '\uDF89', '\uFFFD'],
    ['surrogates in the wrong order', '\uDF89\uD83C', '\uFFFD\uFFFD'],
    ['a high surrogate before a pair', '\uD83C🎉', '\uFFFD🎉']
  ])('replaces %s at equal length', (_, text, expected) => {
    const replaced = replaceLoneSurrogates(text);
    expect(replaced).toBe(expected);
    expect(replaced).toHaveLength(text.length);
  });

  it('keeps pairs and other characters', () => {
    expect(replaceLoneSurrogates('é 🎉 漢字\n')).toBe('é 🎉 漢字\n');
  });
});

describe('splitsSurrogatePair', () => {
  it('is true only inside a pair', () => {
    const text = 'a🎉🎉';
    const indices = [0, 1, 2, 3, 4, 5, 6];
    expect(indices.filter(index => splitsSurrogatePair(text, index))).toEqual([
      2, 4
    ]);
    expect(splitsSurrogatePair('\uD83Ca', 1)).toBe(false);
  });
});
