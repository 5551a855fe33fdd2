import { ICodeCellModel } from '@jupyterlab/cells';

import { OUTPUT_BUDGET, usefulOutput } from './usefulOutput';

const stdout = { output_type: 'stream', name: 'stdout', text: ['a\n', 'b'] };
const stderr = { output_type: 'stream', name: 'stderr', text: 'a warning' };
const bar = {
  output_type: 'stream',
  name: 'stderr',
  text: ' 50%|###  | 1/2\n'
};
const error = {
  output_type: 'error',
  ename: 'KeyError',
  evalue: "'a'",
  traceback: ['-----', 'x'.repeat(OUTPUT_BUDGET), "KeyError: 'a'"]
};
const result = {
  output_type: 'execute_result',
  data: { 'text/html': '<b>', 'text/plain': ['1', '2'] }
};
const shown = { output_type: 'display_data', data: { 'text/plain': 'table' } };
const figure = {
  output_type: 'display_data',
  data: {
    'image/png': 'iVBO',
    'text/plain': '<Figure size 640x480 with 1 Axes>'
  }
};
const line = {
  output_type: 'execute_result',
  data: { 'text/plain': '[<matplotlib.lines.Line2D at 0x7f30>]' }
};
const widget = {
  output_type: 'display_data',
  data: {
    'application/vnd.jupyter.widget-view+json': { model_id: 'a' },
    'text/plain': 'HBox(children=())'
  }
};

function outputOf(...outputs: object[]): string {
  return usefulOutput({
    outputs: {
      length: outputs.length,
      get: (index: number) => ({ toJSON: () => outputs[index] })
    }
  } as unknown as ICodeCellModel);
}

describe('usefulOutput', () => {
  it.each([
    ['a result before what was printed', [stderr, stdout, result], '12'],
    ['what is first displayed or printed', [shown, stdout], 'table'],
    ['what is first printed or displayed', [stdout, shown], 'a\nb'],
    ['a result before what is displayed', [shown, result], '12'],
    ['standard output before a progress bar', [bar, stdout], 'a\nb'],
    ['standard output before standard error', [stderr, stdout], 'a\nb'],
    ['what was printed before an object', [line, stdout], 'a\nb'],
    ['a warning before a figure', [figure, stderr], 'a warning'],
    [
      'the first of a kind',
      [shown, { ...shown, data: { 'text/plain': 'b' } }],
      'table'
    ],
    ['an object where there is nothing else', [line], line.data['text/plain']],
    ['no view of a widget', [widget], ''],
    ['no output without text', [{ output_type: 'stream', text: ' \n' }], ''],
    ['nothing that is no text', [{ output_type: 'stream', text: 5 }], ''],
    ['nothing of an output without data', [{ output_type: 'later' }], ''],
    ['nothing of an error without a traceback', [{ output_type: 'error' }], '']
  ])('takes %s', (_, outputs, expected) => {
    expect(outputOf(...outputs)).toBe(expected);
  });

  it('takes the end of an error, and the start of other text', () => {
    const text = outputOf(stdout, error);
    expect(text).toHaveLength(OUTPUT_BUDGET);
    expect(text.endsWith("x\nKeyError: 'a'")).toBe(true);
    const long = { output_type: 'stream', text: `a${'b'.repeat(5000)}` };
    expect(outputOf(long)).toBe(`a${'b'.repeat(OUTPUT_BUDGET - 1)}`);
  });
});
