import { ICell } from '../../protocol';
import { CODE_BUDGET, NEAR_BUDGET, selectCodeAtHand } from './codeAtHand';

function code(source: string): ICell {
  return { type: 'code', source };
}

describe('selectCodeAtHand', () => {
  it('selects what imports something, and the nearest cells, in order', () => {
    const far = code('x = 1'.padEnd(NEAR_BUDGET));
    const cells = [
      code('import grid'),
      code("sys.path.append('..')"),
      code('important = 1'),
      far,
      null,
      { type: 'markdown', source: 'import duties' } as ICell,
      code('y = 2'),
      code('z = 3')
    ];
    expect(selectCodeAtHand(cells)).toEqual([
      'import grid',
      "sys.path.append('..')",
      'y = 2',
      'z = 3'
    ]);
  });

  it('is bounded, however many cells import something', () => {
    const cells = Array.from({ length: 2000 }, (_, i) =>
      code(`import module_${i}`.padEnd(500))
    );
    const selected = selectCodeAtHand(cells);
    const size = selected.reduce((sum, source) => sum + source.length, 0);
    expect(size).toBeLessThanOrEqual(CODE_BUDGET);
    expect(selected.length).toBeLessThanOrEqual(500);
    expect(selected[0]).toContain('module_0');
    expect(selected[selected.length - 1]).toContain('module_1999');
    expect(selectCodeAtHand(Array(2000).fill(code('a'))).length).toBe(100);
  });

  it('selects nothing of nothing', () => {
    expect(selectCodeAtHand([])).toEqual([]);
  });
});
