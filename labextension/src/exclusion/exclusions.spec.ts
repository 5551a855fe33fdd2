import { Widget } from '@lumino/widgets';

import { IExclusion } from '../protocol';
import { trans } from '../testing/fakes';
import { Exclusions } from './exclusions';
import { IgnoredPaths } from './ignoredPaths';

const ALLOWED: IExclusion = { excluded: false, reason: '', remedy: '' };
const IGNORED: IExclusion = { excluded: true, reason: 'Off.', remedy: '' };

describe('Exclusions', () => {
  let answer: IExclusion | null;
  let kind: 'notebooks' | 'consoles' | 'editors' | null;
  let tags: string[];
  let metadata: unknown;
  const asked: string[] = [];

  const tracker = (name: string) => ({ has: () => kind === name });
  const exclusions = new Exclusions({
    consoles: tracker('consoles'),
    editors: tracker('editors'),
    notebooks: tracker('notebooks'),
    paths: {
      exclusion: (path: string) => {
        asked.push(path);
        return answer;
      }
    } as unknown as IgnoredPaths,
    trans
  } as unknown as Exclusions.IOptions);

  const content = {
    activeCell: { model: { getMetadata: () => tags } } as object | null,
    model: { getMetadata: () => metadata } as object | null
  };
  const widget = {
    content,
    context: { path: 'a.ipynb' },
    console: { sessionContext: { path: 'console-1' } }
  } as unknown as Widget;

  beforeEach(() => {
    answer = ALLOWED;
    kind = 'notebooks';
    tags = [];
    metadata = undefined;
  });

  it.each(['notebooks', 'consoles', 'editors'] as const)(
    'allows what nothing excludes among the %s',
    name => {
      kind = name;
      expect(exclusions.isExcluded(widget)).toBe(false);
      expect(exclusions.find(widget)).toBeNull();
      const path = name === 'consoles' ? 'console-1' : 'a.ipynb';
      expect(asked.pop()).toBe(path);
      expect(exclusions.path(widget)).toBe(path);
    }
  );

  it.each(['notebooks', 'consoles', 'editors'] as const)(
    'excludes what the server excludes among the %s',
    name => {
      kind = name;
      answer = IGNORED;
      expect(exclusions.isExcluded(widget)).toBe(true);
      expect(exclusions.find(widget)).toBe(IGNORED);
    }
  );

  it('completes nothing before the server has answered, without a reason', () => {
    answer = null;
    expect(exclusions.isExcluded(widget)).toBe(true);
    expect(exclusions.find(widget)).toBeNull();
  });

  it('excludes a cell by its tag', () => {
    tags = ['safecoder-off'];
    expect(exclusions.isExcluded(widget)).toBe(true);
    expect(exclusions.find(widget)).toEqual({
      excluded: true,
      reason: 'Off for this cell by its tag safecoder-off.',
      remedy: 'Remove the tag to have completions.'
    });
    kind = 'editors';
    expect(exclusions.isExcluded(widget)).toBe(false);
  });

  it('excludes a notebook by its metadata', () => {
    metadata = 'off';
    expect(exclusions.isExcluded(widget)).toBe(true);
    expect(exclusions.find(widget)).toMatchObject({
      reason: 'Off for this notebook by its metadata.',
      remedy: 'Remove "safecoder" from the metadata to have completions.'
    });
  });

  it('takes a notebook that is still loading', () => {
    const loading = {
      ...widget,
      content: { activeCell: null, model: null }
    } as unknown as Widget;
    expect(exclusions.isExcluded(loading)).toBe(false);
  });

  it('knows nothing about other widgets', () => {
    kind = null;
    answer = IGNORED;
    expect(exclusions.path(widget)).toBeNull();
    expect(exclusions.isExcluded(widget)).toBe(false);
    expect(exclusions.find(widget)).toBeNull();
  });
});
