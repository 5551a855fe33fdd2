import { PREFIX_BUDGET, PREFIX_STEP, SUFFIX_BUDGET, cutWindow } from './window';

const LINE = 'x = 1 + 2\n';

describe('cutWindow', () => {
  it('keeps a short cell unchanged, with its whitespace', () => {
    expect(cutWindow('def f():\n    \n  return', 13)).toEqual({
      prefix: 'def f():\n    ',
      suffix: '\n  return'
    });
  });

  it('keeps its start while the user types', () => {
    const text = LINE.repeat(5000);
    const starts = new Set<number>();
    for (let typed = 0; typed < 500; typed++) {
      const now = text + 'a'.repeat(typed);
      starts.add(now.length - cutWindow(now, now.length).prefix.length);
    }
    expect(starts.size).toBe(1);
  });

  it('starts at a line start and stays within the budget', () => {
    for (let cursor = 0; cursor < 100_000; cursor += 997) {
      const { prefix } = cutWindow(LINE.repeat(11_000), cursor);
      expect(prefix.length).toBeLessThanOrEqual(PREFIX_BUDGET);
      expect(prefix.length).toBeGreaterThanOrEqual(
        Math.min(cursor, PREFIX_BUDGET - PREFIX_STEP - LINE.length)
      );
      expect((cursor - prefix.length) % LINE.length).toBe(0);
    }
  });

  it('starts inside a line that is longer than the budget', () => {
    const text = 'x'.repeat(40_000) + '\nnext';
    const { prefix, suffix } = cutWindow(text, 35_000);
    expect(prefix).toBe('x'.repeat(35_000 - PREFIX_STEP));
    expect(suffix).toBe('x'.repeat(5_000) + '\nnext');
  });

  it('keeps a cell magic in front of a cut cell', () => {
    const text = '%%bash\n' + LINE.repeat(5000);
    const { prefix } = cutWindow(text, text.length);
    expect(prefix.startsWith('%%bash\nx = 1')).toBe(true);
    expect(prefix.indexOf('%%bash', 1)).toBe(-1);
  });

  it('keeps no other first line, and a magic only once', () => {
    const plain = 'import os\n' + LINE.repeat(5000);
    expect(cutWindow(plain, plain.length).prefix).not.toContain('import os');
    expect(cutWindow('%%bash\nls', 9).prefix).toBe('%%bash\nls');
  });

  it('does not split a surrogate pair', () => {
    const text = '🎉'.repeat(40_000);
    for (const cursor of [0, 32_000, 32_002, 40_002, 50_000]) {
      const { prefix, suffix } = cutWindow('a' + text, cursor + 1);
      expect(prefix + suffix).not.toContain('\uFFFD');
      expect(suffix.length).toBeLessThanOrEqual(SUFFIX_BUDGET);
    }
    expect(cutWindow('ab' + text, 1).suffix.length).toBe(SUFFIX_BUDGET - 1);
  });

  it('replaces lone surrogates', () => {
    expect(cutWindow('a\uD83Cb🎉\uDF89c', 2)).toEqual({
      prefix: 'a\uFFFD',
      suffix: 'b🎉\uFFFDc'
    });
  });
});
