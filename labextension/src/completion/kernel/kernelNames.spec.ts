import { IKernelName } from '../../protocol';
import { readCases } from '../../testing/cases';
import {
  MAX_MENTIONED,
  chooseNames,
  memberQuery,
  mentionedNames,
  nearestFirst,
  withMembers
} from './kernelNames';

interface ICase {
  about: string;
  above: string[];
  below: string[];
  cell: string;
  chosen?: string[];
  kernel?: IKernelName[];
  mentioned: string[];
}

function names(of: Iterable<IKernelName>): string[] {
  return Array.from(of, ({ name }) => name);
}

describe('mentionedNames and chooseNames', () => {
  it.each(readCases<ICase>('names', 'context/kernel'))('$about', one => {
    const cells = [...one.above, one.cell, ...one.below];
    const mentioned = mentionedNames(nearestFirst(cells, one.above.length));
    expect(mentioned).toEqual(one.mentioned);
    if (one.kernel) {
      expect(names(chooseNames(one.kernel, mentioned))).toEqual(one.chosen);
    }
  });

  it('search a large notebook up to a limit', () => {
    let reads = 0;
    function* cells(): Generator<string> {
      for (let index = 0; index < 2000; index++) {
        reads++;
        yield `name${index} = 1 # ${'x'.repeat(1000)}`;
      }
    }
    const [first, second] = mentionedNames(cells());
    expect([first, second]).toEqual(['name0', 'name1']);
    expect(reads).toBeLessThan(30);
    const many = Array.from({ length: 500 }, (_, index) => `n${index}`);
    expect(mentionedNames([many.join(' ')])).toHaveLength(MAX_MENTIONED);
  });

  it('keep the budgets', () => {
    const columns = Array.from({ length: 20_000 }, (_, index) => ({
      name: `column${index}`,
      dtype: 'float64'
    }));
    const wide = Array.from({ length: 50 }, (_, index) => ({
      name: `df${index}`,
      type: 'DataFrame',
      shape: [1, 20_000],
      columns
    }));
    const chosen = chooseNames(wide, names(wide));
    expect(chosen.length).toBeGreaterThan(2);
    expect(JSON.stringify(chosen).length).toBeLessThan(15_000);
    expect(chosen[0].columns?.[0]).toEqual(columns[0]);
    const last = { name: 'last', type: 'int' };
    expect(chooseNames([...wide, last], names([...wide, last])).pop()).toEqual(
      last
    );
    const small = Array.from({ length: 90 }, (_, index) => ({
      name: `n${index}`,
      type: 'int'
    }));
    expect(chooseNames(small, names(small))).toEqual(small.slice(0, 40));
  });

  it('keep all parts of a name that fits', () => {
    const name: IKernelName = {
      name: 'f',
      type: 'class',
      signature: '(a)',
      doc: 'Do it.',
      keys: ['k'],
      fields: ['a'],
      members: ['run']
    };
    expect(chooseNames([name], ['f'])).toEqual([name]);
  });
});

describe('memberQuery', () => {
  it.each([
    ['x = np.lin', { path: 'np', start: 'lin' }],
    ['np.', { path: 'np', start: '' }],
    ['y = np.linalg.nor', { path: 'np.linalg', start: 'nor' }],
    ['f(größe.Ä', { path: 'größe', start: 'Ä' }],
    ['np', null],
    ['f().np.lin', null],
    ['a[0].b', null],
    ['1.5', null],
    ['np.linspace(', null]
  ])('%s', (line, query) => {
    expect(memberQuery(`import numpy as np\n${line}`)).toEqual(query);
  });
});

describe('withMembers', () => {
  const np = { name: 'np', type: 'module' };
  const x = { name: 'x', type: 'int' };
  const query = { path: 'np', start: 'lin' };

  it('puts the members that begin so before all other names', () => {
    expect(withMembers([x, np], query, ['linalg', 'log', 'linspace'])).toEqual([
      { ...np, members: ['linalg', 'linspace'] },
      x
    ]);
  });

  it('adds a module that was not chosen', () => {
    const inner = { path: 'np.linalg', start: '' };
    expect(withMembers([x], inner, ['norm'])).toEqual([
      { name: 'np.linalg', type: 'module', members: ['norm'] },
      x
    ]);
  });

  it('changes nothing without such members, and takes the first ones', () => {
    expect(withMembers([x, np], query, ['log'])).toEqual([x, np]);
    const many = Array.from({ length: 99 }, (_, index) => `lin${index}`);
    const [first] = withMembers([x, np], query, many);
    expect(first.members).toEqual(many.slice(0, 40));
  });
});
