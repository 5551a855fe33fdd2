import { ICell } from '../../protocol';
import {
  BELOW_BUDGET,
  CONTEXT_BUDGET,
  selectCellsBelow,
  selectContextCells
} from './contextCells';

function code(source: string): ICell {
  return { type: 'code', source };
}

function size(cells: ICell[]): number {
  return cells.reduce((sum, cell) => sum + cell.source.length, 0);
}

describe('selectContextCells', () => {
  const many = Array.from({ length: 2000 }, (_, i) =>
    code(`cell_${i} = `.padEnd(100, '1'))
  );

  it('selects what fits of 1,000 cells, in notebook order', () => {
    const before = selectContextCells(many.slice(0, 1000));
    expect(before[before.length - 1]).toBe(many[999]);
    expect(size(before)).toBeLessThanOrEqual(CONTEXT_BUDGET);
    expect(size(before)).toBeGreaterThanOrEqual(CONTEXT_BUDGET / 2);
    expect(before).toEqual(many.slice(1000 - before.length, 1000));
  });

  it('keeps its first cell while the notebook grows by small amounts', () => {
    const firsts = new Set<ICell>();
    for (let index = 1000; index < 1080; index++) {
      firsts.add(selectContextCells(many.slice(0, index))[0]);
    }
    expect(firsts.size).toBe(1);
  });

  it('skips empty and oversized cells', () => {
    const big = code('b'.repeat(CONTEXT_BUDGET + 1));
    const cells = [code('a'), big, null, code(''), code('b')];
    expect(selectContextCells(cells)).toEqual([code('a'), code('b')]);
  });

  it('counts outputs', () => {
    const cell = { ...code('a'), output: 'o'.repeat(CONTEXT_BUDGET) };
    expect(selectContextCells([cell])).toEqual([]);
  });
});

describe('selectCellsBelow', () => {
  it('selects the nearest whole cells within the budget, without outputs', () => {
    const half = code('h'.repeat(BELOW_BUDGET / 2));
    const below = [{ ...half, output: '1' }, null, code('a'), half, code('b')];
    expect(selectCellsBelow(below)).toEqual([half, code('a')]);
  });

  it('reads no cell that is too far away', () => {
    let reads = 0;
    function* cells(): Iterable<ICell> {
      for (;;) {
        reads++;
        yield code('x'.repeat(BELOW_BUDGET / 4));
      }
    }
    expect(selectCellsBelow(cells())).toHaveLength(4);
    expect(reads).toBe(5);
  });
});
