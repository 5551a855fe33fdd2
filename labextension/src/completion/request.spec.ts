import { ICompletionTarget } from './target';
import { completionRequest } from './request';
import { DEFAULT_SETTINGS } from './settings';

it('has the place, the text around the cursor and the options', () => {
  const target = {
    document: 'doc',
    path: 'work.ipynb',
    cell: '1',
    language: 'r'
  } as ICompletionTarget;
  const before = [{ type: 'code' as const, source: 'x <- 1' }];
  const request = completionRequest(
    { context: { before, fingerprint: '7' }, target },
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
    prefix: 'y <- ',
    suffix: '\n',
    options: { trigger: 'prefetch', suggestions: 'few' }
  });
});
