import { ICellModel } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';

import { DocumentContext } from './context';
import { CONTEXT_BUDGET, MAX_BELOW } from './contextCells';
import { ISources } from '../settings';
import { ICellContext, IProjectContext } from '../editor/target';
import { OUTPUT_BUDGET } from './usefulOutput';

/** The members of a cell model that are used; counts the reads. */
class FakeCell {
  constructor(
    public source: string,
    readonly type = 'code',
    readonly cellOutputs: object[] = []
  ) {}

  reads = 0;
  tags: string[] = [];
  readonly contentChanged = new Signal<this, void>(this);
  readonly metadataChanged = new Signal<this, void>(this);
  readonly sharedModel = {
    getSource: () => {
      this.reads++;
      return this.source;
    }
  };
  readonly outputs = {
    length: this.cellOutputs.length,
    get: (index: number) => ({ toJSON: () => this.cellOutputs[index] })
  };

  edit(source: string): void {
    this.source = source;
    this.contentChanged.emit();
  }

  getMetadata(key: string): unknown {
    return key === 'tags' ? this.tags : undefined;
  }

  tag(...tags: string[]): void {
    this.tags = tags;
    this.metadataChanged.emit();
  }
}

function fakeCells(...sources: string[]): FakeCell[] {
  return sources.map(source => new FakeCell(source));
}

const stream = { output_type: 'stream', name: 'stdout', text: ['a\n', 'b'] };
const error = { output_type: 'error', ename: 'E', evalue: 'x', traceback: [] };

describe('DocumentContext', () => {
  let context: DocumentContext;
  let sources: ISources;

  /** Select the context of the cell at an index. */
  function select(
    cells: FakeCell[],
    index: number,
    includeOutputs = true
  ): ICellContext {
    const models = cells as unknown as ICellModel[];
    return context.select(
      models.slice(0, index),
      models[index],
      models.slice(index + 1, index + 1 + MAX_BELOW),
      { includeOutputs, sources }
    );
  }

  beforeEach(() => {
    context = new DocumentContext();
    sources = { below: false, kernel: true, modules: true, files: true };
  });

  afterEach(() => context.dispose());

  it('reads each cell above once, and none below, of 2,000 cells', () => {
    const cells = Array.from({ length: 2000 }, (_, i) => new FakeCell(`x${i}`));
    const first = select(cells, 1000);
    for (let i = 0; i < 100; i++) {
      cells[1000].edit('x'.repeat(i));
      expect(select(cells, 1000)).toBe(first);
    }
    const reads = cells.map(cell => cell.reads);
    expect(reads.slice(0, 1000)).toEqual(Array(1000).fill(1));
    expect(reads.slice(1000)).toEqual(Array(1000).fill(0));
    expect(first.before[first.before.length - 1].source).toBe('x999');
  });

  it('knows what was selected until something changes', () => {
    const cells = fakeCells('a', 'b', 'c');
    const model = cells[2] as unknown as ICellModel;
    const options = { includeOutputs: true, sources };
    expect(context.selected(model, options)).toBeNull();
    const first = select(cells, 2);
    expect(context.selected(model, options)).toBe(first);
    const without = { ...options, includeOutputs: false };
    expect(context.selected(model, without)).toBeNull();
    const other = cells[1] as unknown as ICellModel;
    expect(context.selected(other, options)).toBeNull();
    cells[0].edit('A');
    expect(context.selected(model, options)).toBeNull();
  });

  it('reads only the changed cell again after a change above', () => {
    const cells = fakeCells('a', 'b', 'c');
    const first = select(cells, 2);
    cells[0].edit('A');
    const second = select(cells, 2);
    expect(second.before).toEqual([
      { type: 'code', source: 'A' },
      { type: 'code', source: 'b' }
    ]);
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(cells.map(cell => cell.reads)).toEqual([2, 1, 0]);
  });

  it('skips cells with the tag, also after it was set or removed', () => {
    const cells = fakeCells('a', 'b', 'c');
    cells[0].tag('safecoder-off', 'other');
    expect(select(cells, 2).before.map(cell => cell.source)).toEqual(['b']);
    cells[1].tag('safecoder-off');
    expect(select(cells, 2).before).toEqual([]);
    cells[0].tag();
    expect(select(cells, 2).before.map(cell => cell.source)).toEqual(['a']);
  });

  it('stays the same while the user types in a cell that was context', () => {
    const cells = fakeCells('a', 'b', 'c');
    select(cells, 2);
    const first = select(cells, 1);
    cells[1].edit('B');
    expect(select(cells, 1)).toBe(first);
    expect(select(cells, 2).before[1].source).toBe('B');
  });

  it('has the same fingerprint when the user returns to a cell', () => {
    const cells = fakeCells('a', 'b', 'c');
    const first = select(cells, 1);
    const other = select(cells, 2);
    expect(other.fingerprint).not.toBe(first.fingerprint);
    expect(select(cells, 1)).toEqual(first);
    cells[2].edit('C');
    const edited = select(cells, 1);
    expect(edited.fingerprint).toBe(first.fingerprint);
    cells[0].edit('A');
    const changed = select(cells, 1);
    expect(changed.fingerprint).not.toBe(first.fingerprint);
  });

  it('selects again after the list of cells has changed', () => {
    const cells = fakeCells('a', 'b');
    select(cells, 1);
    cells.unshift(new FakeCell('c'));
    context.invalidate();
    expect(select(cells, 2).before).toHaveLength(2);
  });

  it('takes the start of the output that tells most, if outputs are included', () => {
    const long = {
      output_type: 'execute_result',
      data: { 'text/html': '<b>', 'text/plain': 'o'.repeat(5000) }
    };
    const cells = [
      new FakeCell('a', 'code', [error, stream]),
      new FakeCell('b', 'code', [long, stream]),
      new FakeCell('c', 'code', [error]),
      new FakeCell('d', 'markdown', [stream]),
      new FakeCell('current')
    ];
    const { before } = select(cells, 4);
    expect(before.map(cell => cell.output)).toEqual([
      'a\nb',
      'o'.repeat(OUTPUT_BUDGET),
      undefined,
      undefined
    ]);
    const withoutOutputs = select(cells, 4, false);
    expect(withoutOutputs.before.some(cell => 'output' in cell)).toBe(false);
  });

  it('skips blank and oversized cells, and replaces lone surrogates', () => {
    const cells = [
      ...fakeCells(' \n', 'x'.repeat(CONTEXT_BUDGET + 1), 'a\uD83C'),
      new FakeCell('text', 'unknown'),
      new FakeCell('current')
    ];
    expect(select(cells, 4).before).toEqual([
      { type: 'code', source: 'a\uFFFD' },
      { type: 'raw', source: 'text' }
    ]);
  });

  it('takes cells below without outputs, and stays the same while typing', () => {
    sources = { ...sources, below: true };
    const cells = [
      ...fakeCells('a', 'current', 'b'),
      new FakeCell('c', 'code', [stream])
    ];
    const first = select(cells, 1);
    expect(first.below).toEqual([
      { type: 'code', source: 'b' },
      { type: 'code', source: 'c' }
    ]);
    cells[1].edit('x');
    expect(select(cells, 1)).toBe(first);
    cells[3].edit('C');
    expect(select(cells, 1).below[1].source).toBe('C');
    expect(select(cells, 1).fingerprint).not.toBe(first.fingerprint);
    expect(cells.map(cell => cell.reads)).toEqual([1, 0, 1, 2]);
  });

  it('has what the project adds, as far as the user wants it', () => {
    const project: IProjectContext = {
      modules: [{ path: 'grid.py', text: 'def load(): ...\n' }],
      files: [{ path: 'other.ipynb', text: 'load()\n' }]
    };
    const cells = fakeCells('a', 'current');
    const first = select(cells, 1);
    expect(first).toMatchObject({ modules: [], files: [] });
    context.project = project;
    const second = select(cells, 1);
    expect(second).toMatchObject(project);
    expect(second.fingerprint).not.toBe(first.fingerprint);
    context.project = { ...project };
    expect(select(cells, 1)).toBe(second);
    sources = { ...sources, files: false };
    expect(select(cells, 1)).toMatchObject({ ...project, files: [] });
    sources = { below: false, kernel: false, modules: false, files: false };
    expect(select(cells, 1)).toMatchObject({ modules: [], files: [] });
  });

  it('finds the code that decides what the project adds', () => {
    const cells = [
      ...fakeCells('import grid', 'x = 1'),
      new FakeCell('import of goods', 'markdown')
    ];
    const models = cells as unknown as ICellModel[];
    expect(context.codeAtHand(models)).toEqual(['import grid', 'x = 1']);
    expect(context.codeAtHand(models)).toEqual(['import grid', 'x = 1']);
    expect(cells.map(cell => cell.reads)).toEqual([1, 1, 1]);
  });

  it('disconnects from the cells when it is disposed', () => {
    const cells = fakeCells('a', 'b');
    select(cells, 1);
    context.dispose();
    const invalidate = jest.spyOn(context, 'invalidate');
    cells[0].edit('A');
    expect(invalidate).not.toHaveBeenCalled();
  });
});
