import { ICellModel } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';

import { DocumentSurroundings, OUTPUT_BUDGET } from './surroundings';

/** As much of a cell as is read, counting how often. */
class FakeCell {
  constructor(
    public source: string,
    readonly type = 'code',
    readonly shown: object[] = []
  ) {}
  reads = 0;
  readonly contentChanged = new Signal<this, void>(this);
  readonly sharedModel = {
    getSource: () => {
      this.reads++;
      return this.source;
    }
  };
  readonly outputs = {
    length: this.shown.length,
    get: (index: number) => ({ toJSON: () => this.shown[index] })
  };
  edit(source: string): void {
    this.source = source;
    this.contentChanged.emit();
  }
}

function models(cells: FakeCell[]): ICellModel[] {
  return cells as unknown as ICellModel[];
}

const stream = { output_type: 'stream', name: 'stdout', text: ['a\n', 'b'] };
const error = { output_type: 'error', ename: 'E', evalue: 'x', traceback: [] };

describe('DocumentSurroundings', () => {
  let around: DocumentSurroundings;

  beforeEach(() => {
    around = new DocumentSurroundings();
  });

  afterEach(() => around.dispose());

  it('reads 2,000 cells once, however much is typed in the current', () => {
    const cells = Array.from({ length: 2000 }, (_, i) => new FakeCell(`x${i}`));
    const first = around.choose(models(cells), 1000, true);
    for (let i = 0; i < 100; i++) {
      cells[1000].edit('x'.repeat(i));
      expect(around.choose(models(cells), 1000, true)).toBe(first);
    }
    expect(cells.reduce((sum, cell) => sum + cell.reads, 0)).toBe(1999);
    expect(first.before[first.before.length - 1].source).toBe('x999');
  });

  it('notices a change in another cell, and reads only that one', () => {
    const cells = ['a', 'b', 'c'].map(source => new FakeCell(source));
    const first = around.choose(models(cells), 1, true);
    cells[0].edit('A');
    const second = around.choose(models(cells), 1, true);
    expect(second.before).toEqual([{ type: 'code', source: 'A' }]);
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(cells.map(cell => cell.reads)).toEqual([2, 0, 1]);
  });

  it('has the same fingerprint when a person comes back to a cell', () => {
    const cells = ['a', 'b', 'c'].map(source => new FakeCell(source));
    const first = around.choose(models(cells), 1, true);
    const other = around.choose(models(cells), 2, true);
    expect(other.fingerprint).not.toBe(first.fingerprint);
    expect(around.choose(models(cells), 1, true)).toEqual(first);
    cells[2].edit('C');
    const edited = around.choose(models(cells), 1, true);
    expect(edited.fingerprint).toBe(first.fingerprint);
    cells[0].edit('A');
    const changed = around.choose(models(cells), 1, true);
    expect(changed.fingerprint).not.toBe(first.fingerprint);
  });

  it('follows the list of cells once it is told', () => {
    const cells = ['a', 'b'].map(source => new FakeCell(source));
    around.choose(models(cells), 1, true);
    cells.unshift(new FakeCell('c'));
    around.invalidate();
    expect(around.choose(models(cells), 2, true).before).toHaveLength(2);
  });

  it('takes the first text output, short, and only if wanted', () => {
    const long = {
      output_type: 'execute_result',
      data: { 'text/html': '<b>', 'text/plain': 'o'.repeat(5000) }
    };
    const cells = [
      new FakeCell('a', 'code', [error, stream]),
      new FakeCell('b', 'code', [long, stream]),
      new FakeCell('c', 'code', [error]),
      new FakeCell('d', 'markdown', [stream]),
      new FakeCell('here')
    ];
    const { before } = around.choose(models(cells), 4, true);
    expect(before.map(cell => cell.output)).toEqual([
      'a\nb',
      'o'.repeat(OUTPUT_BUDGET),
      undefined,
      undefined
    ]);
    const bare = around.choose(models(cells), 4, false);
    expect(bare.before.some(cell => 'output' in cell)).toBe(false);
  });

  it('lets go of the cells when it is disposed of', () => {
    const cells = ['a', 'b'].map(source => new FakeCell(source));
    around.choose(models(cells), 1, true);
    around.dispose();
    const invalidate = jest.spyOn(around, 'invalidate');
    cells[0].edit('A');
    expect(invalidate).not.toHaveBeenCalled();
  });
});
