import { IAttribution } from '../protocol';
import { trans } from '../testing/fakes';
import { describeSources } from './describe';

const SOURCE: IAttribution = {
  source: 'numpy',
  path: 'core/x.py',
  license: 'BSD-3-Clause',
  start: 0,
  end: 60,
  kind: 'verbatim'
};

describe('describeSources', () => {
  it('names source, file and license', () => {
    expect(describeSources([SOURCE], trans)).toBe(
      'matches numpy/core/x.py, BSD-3-Clause'
    );
  });

  it('describes several, and what is not known', () => {
    const other: IAttribution = {
      ...SOURCE,
      kind: 'structure',
      license: 'NOASSERTION'
    };
    expect(describeSources([SOURCE, other], trans)).toBe(
      'matches numpy/core/x.py, BSD-3-Clause; like numpy/core/x.py, with other names, license not known'
    );
  });
});
