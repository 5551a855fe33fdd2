import { ICell } from '../protocol';
import { BEFORE_BUDGET, chooseNeighbours } from './neighbours';

function code(source: string): ICell {
  return { type: 'code', source };
}

function size(cells: ICell[]): number {
  return cells.reduce((sum, cell) => sum + cell.source.length, 0);
}

describe('chooseNeighbours', () => {
  const many = Array.from({ length: 2000 }, (_, i) =>
    code(`cell_${i} = `.padEnd(100, '1'))
  );

  it('takes what fits of 2,000 cells, in notebook order', () => {
    const before = chooseNeighbours(many, 1000);
    expect(before[before.length - 1]).toBe(many[999]);
    expect(size(before)).toBeLessThanOrEqual(BEFORE_BUDGET);
    expect(size(before)).toBeGreaterThanOrEqual(BEFORE_BUDGET / 2);
    expect(before).toEqual(many.slice(1000 - before.length, 1000));
  });

  it('keeps its first cell while the notebook grows a little', () => {
    const firsts = new Set<ICell>();
    for (let index = 1000; index < 1080; index++) {
      firsts.add(chooseNeighbours(many, index)[0]);
    }
    expect(firsts.size).toBe(1);
  });

  it('leaves out the empty and the oversized and walks on', () => {
    const big = code('b'.repeat(BEFORE_BUDGET + 1));
    const cells = [code('a'), big, null, code(''), code('b'), code('here')];
    expect(chooseNeighbours(cells, 5)).toEqual([code('a'), code('b')]);
  });

  it('counts outputs too', () => {
    const cell = { ...code('a'), output: 'o'.repeat(BEFORE_BUDGET) };
    expect(chooseNeighbours([cell, code('here')], 1)).toEqual([]);
  });
});
