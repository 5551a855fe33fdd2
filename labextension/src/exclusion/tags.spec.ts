import { ICellModel } from '@jupyterlab/cells';
import { INotebookModel } from '@jupyterlab/notebook';

import { OFF_KEY, OFF_TAG, isCellOff, isNotebookOff } from './tags';

describe('isCellOff', () => {
  it.each([
    [[OFF_TAG], true],
    [['parameters', OFF_TAG], true],
    [OFF_TAG, true],
    [undefined, false],
    [[], false],
    [['safecoder-ignore'], false],
    [`not-${OFF_TAG}`, false],
    [{ [OFF_TAG]: true }, false]
  ])('reads the tags %j', (tags, isOff) => {
    const cell = {
      getMetadata: (key: string) => (key === 'tags' ? tags : OFF_TAG)
    } as unknown as ICellModel;
    expect(isCellOff(cell)).toBe(isOff);
  });
});

describe('isNotebookOff', () => {
  it.each([
    ['off', true],
    ['OFF', true],
    [false, true],
    ['on', false],
    [true, false],
    [undefined, false],
    [null, false],
    [{ off: true }, false]
  ])('reads the metadata %j', (value, isOff) => {
    const model = {
      getMetadata: (key: string) => (key === OFF_KEY ? value : 'off')
    } as unknown as INotebookModel;
    expect(isNotebookOff(model)).toBe(isOff);
  });
});
