import { anchoredStart } from './anchor';

describe('anchoredStart', () => {
  it('is 0 while the text fits', () => {
    expect([0, 1, 99, 100].map(n => anchoredStart(n, 100, 50))).toEqual([
      0, 0, 0, 0
    ]);
  });

  it('moves by one step when the text no longer fits', () => {
    expect(
      [101, 150, 151, 200, 201].map(n => anchoredStart(n, 100, 50))
    ).toEqual([50, 50, 100, 100, 150]);
  });

  it('keeps the window within the budget, and drops less than a step', () => {
    for (let total = 0; total < 1_000; total++) {
      const start = anchoredStart(total, 100, 30);
      expect(start % 30).toBe(0);
      expect(total - start).toBeLessThanOrEqual(100);
      if (start > 0) {
        expect(total - start).toBeGreaterThan(100 - 30);
      }
    }
  });
});
