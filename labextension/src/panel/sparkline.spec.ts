import { createBars, createLines } from './sparkline';

function paths(plot: SVGElement): Array<string | null> {
  const found = plot.querySelectorAll('path');
  return Array.from(found, path => path.getAttribute('d'));
}

describe('createLines', () => {
  it('draws a line for each series on one scale', () => {
    const plot = createLines('Times', [
      { name: 'p50', values: [0, 50] },
      { name: 'p95', values: [100, 50] }
    ]);
    expect(paths(plot)).toEqual(['M60 38l0 0L180 20', 'M60 2l0 0L180 20']);
    expect(plot.getAttribute('role')).toBe('img');
    expect(plot.getAttribute('aria-label')).toBe('Times');
    expect(plot.querySelector('.jp-SafeCoder-p95')).not.toBeNull();
  });

  it('leaves gaps', () => {
    const plot = createLines('', [{ name: 'p50', values: [1, null, 1, 1] }]);
    expect(paths(plot)).toEqual(['M30 2l0 0M150 2l0 0L210 2']);
  });

  it('draws nothing of nothing', () => {
    expect(paths(createLines('', [{ name: 'p50', values: [] }]))).toEqual(['']);
  });
});

describe('createBars', () => {
  it('draws a bar for each value that is not 0', () => {
    expect(paths(createBars('', [2, 0, 1]))).toEqual([
      'M8 40v-40h64V40zM168 40v-20h64V40z'
    ]);
  });

  it('draws nothing of nothing', () => {
    expect(paths(createBars('', []))).toEqual(['']);
  });
});
