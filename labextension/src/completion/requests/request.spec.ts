import { ICompletionTarget } from '../editor/target';
import { completionRequest } from './request';
import { DEFAULT_SETTINGS } from '../settings';

it('has the place, the text around the cursor and the options', () => {
  const target = {
    document: 'doc',
    path: 'work.ipynb',
    cell: '1',
    language: 'r'
  } as ICompletionTarget;
  const cell = { type: 'code' as const, source: 'x <- 1' };
  const before = [cell];
  const request = completionRequest(
    {
      context: {
        before,
        below: [cell],
        files: [{ path: 'b.R', text: 'f()' }],
        fingerprint: '7',
        kernel: prefix => [{ name: prefix, type: 'numeric' }],
        modules: [{ path: 'm.R', text: 'g()' }]
      },
      target
    },
    { prefix: 'y <- ', suffix: '\n' },
    { ...DEFAULT_SETTINGS, suggestions: 'few' },
    'prefetch'
  );
  expect(request).toEqual({
    version: 2,
    document: 'doc',
    path: 'work.ipynb',
    language: 'r',
    before,
    below: [cell],
    kernel: [{ name: 'y <- ', type: 'numeric' }],
    modules: [{ path: 'm.R', text: 'g()' }],
    files: [{ path: 'b.R', text: 'f()' }],
    prefix: 'y <- ',
    suffix: '\n',
    options: { trigger: 'prefetch', suggestions: 'few' }
  });
});
