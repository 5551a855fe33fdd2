import { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { IKernelName } from '../../protocol';
import { FakeSession } from '../../testing/fakeKernel';
import { flushPromises } from '../../testing/fakes';
import { IKernelAnswer } from './kernelApi';
import { REST_MS } from './kernelWatcher';
import { NotebookKernel } from './notebookKernel';

const NP: IKernelName = { name: 'np', type: 'module' };
const SALES: IKernelName = {
  name: 'sales',
  type: 'DataFrame',
  columns: [{ name: 'region', dtype: 'str' }]
};

/** The tag in a list, or alone where the source has "off alone". */
const tagOf = (source: string): unknown =>
  source.startsWith('off alone') ? 'safecoder-off' : ['safecoder-off'];

/** A panel whose cells and kernel the test changes. */
class FakePanel {
  readonly disposed = new Signal<this, void>(this);
  readonly sessionContext = new FakeSession();
  readonly content = {
    activeCellChanged: new Signal<object, void>({}),
    activeCellIndex: 0,
    widgets: [] as object[]
  };

  constructor(...sources: string[]) {
    this.write(...sources);
  }

  get asLab(): NotebookPanel {
    return this as unknown as NotebookPanel;
  }

  write(...sources: string[]): void {
    this.content.widgets = sources.map(source => ({
      model: {
        getMetadata: () => (/^off/.test(source) ? tagOf(source) : []),
        type: source.startsWith('#') ? 'markdown' : 'code',
        sharedModel: { getSource: () => source }
      }
    }));
  }

  enter(index: number): void {
    this.content.activeCellIndex = index;
    this.content.activeCellChanged.emit();
  }
}

describe('NotebookKernel', () => {
  let answer: IKernelAnswer;
  let asked: Array<[string, string[], string[]]>;
  let isWanted: boolean;
  let kernel: NotebookKernel;
  let panel: FakePanel;

  async function rest(): Promise<void> {
    jest.advanceTimersByTime(REST_MS);
    await flushPromises();
  }

  function open(...sources: string[]): void {
    kernel?.dispose();
    panel = new FakePanel(...sources);
    kernel = new NotebookKernel(
      panel.asLab,
      async (...request) => {
        asked.push(request);
        await Promise.resolve();
        return answer;
      },
      () => isWanted
    );
  }

  beforeEach(() => {
    jest.useFakeTimers();
    answer = { names: [NP, SALES], members: {}, complete: true };
    asked = [];
    isWanted = true;
    open('import numpy as np', '# sales', 'sales.head()', '');
  });

  afterEach(() => {
    kernel.dispose();
    jest.useRealTimers();
  });

  it('asks for what the cells mention, and chooses of it', async () => {
    expect(kernel.names('')).toEqual([]);
    expect(kernel.fingerprint).toBe('');
    await rest();
    expect(asked).toEqual([
      ['kernel-1', ['import', 'numpy', 'as', 'np', 'sales'], []]
    ]);
    expect(kernel.names('')).toEqual([SALES, NP]);
    expect(kernel.fingerprint).not.toBe('');
  });

  it('stays the same until the next execution', async () => {
    await rest();
    const { fingerprint } = kernel;
    const names = kernel.names('');
    panel.write('sales[other]', '', '', '');
    expect(kernel.names('')).toBe(names);
    answer = { names: [SALES], members: {}, complete: true };
    panel.sessionContext.execute();
    expect(kernel.names('')).toBe(names);
    await rest();
    expect(kernel.names('')).toEqual([SALES]);
    expect(kernel.fingerprint).not.toBe(fingerprint);
    panel.sessionContext.execute();
    answer = { names: [NP, SALES], members: {}, complete: true };
    panel.write('import numpy as np', '', 'sales', '');
    await rest();
    expect(kernel.fingerprint).toBe(fingerprint);
  });

  it('chooses when a cell is entered, and asks for what is new there', async () => {
    await rest();
    panel.enter(2);
    await rest();
    expect(asked).toHaveLength(1);
    panel.write('import numpy as np', '', 'sales.head()', 'other = 1');
    panel.enter(3);
    await rest();
    expect(asked[1][1][0]).toBe('other');
  });

  it('asks for the members of a module once, when the line asks', async () => {
    await rest();
    answer = {
      names: [],
      members: { np: ['linspace', 'log'] },
      complete: true
    };
    expect(kernel.names('np.li')).toEqual([SALES, NP]);
    kernel.names('np.lin');
    await flushPromises();
    expect(asked.slice(1)).toEqual([['kernel-1', [], ['np']]]);
    expect(kernel.names('x = np.lin')).toEqual([
      { ...NP, members: ['linspace'] },
      SALES
    ]);
    kernel.names('np.linalg.n');
    await flushPromises();
    expect(asked[2]).toEqual(['kernel-1', [], ['np.linalg']]);
    expect(kernel.names('np.linalg.n')).toEqual([SALES, NP]);
  });

  it('asks for no members of other objects, or of a busy kernel', async () => {
    await rest();
    kernel.names('sales.hea');
    kernel.names('unknown.x');
    panel.sessionContext.setStatus('busy');
    kernel.names('np.x');
    expect(asked).toHaveLength(1);
    panel.sessionContext.setStatus('idle');
    answer = { names: null, members: {}, complete: false };
    kernel.names('np.x');
    await flushPromises();
    kernel.names('np.x');
    expect(asked).toHaveLength(3);
  });

  it('asks a kernel that does not answer a few times more', async () => {
    answer = { names: null, members: {}, complete: false };
    for (let round = 0; round < 6; round++) {
      await rest();
    }
    expect(asked).toHaveLength(3);
    answer = { names: [SALES], members: {}, complete: true };
    panel.sessionContext.execute();
    await rest();
    expect(kernel.names('')).toEqual([SALES]);
  });

  it('asks a kernel that had no time for all names again', async () => {
    answer = { names: [SALES], members: {}, complete: false };
    await rest();
    expect(kernel.names('')).toEqual([SALES]);
    answer = { names: [NP, SALES], members: {}, complete: true };
    await rest();
    await rest();
    expect(kernel.names('')).toEqual([SALES, NP]);
    expect(asked).toHaveLength(2);
  });

  it('forgets the names of a kernel that restarts', async () => {
    await rest();
    panel.sessionContext.execute();
    jest.advanceTimersByTime(REST_MS);
    panel.sessionContext.setStatus('restarting');
    await flushPromises();
    expect(kernel.names('')).toEqual([]);
    panel.sessionContext.setStatus('idle');
    await rest();
    expect(kernel.names('')).toEqual([SALES, NP]);
  });

  it('asks nothing that the user does not want', async () => {
    isWanted = false;
    await rest();
    panel.enter(2);
    await rest();
    expect(asked).toEqual([]);
    isWanted = true;
    panel.enter(0);
    await rest();
    expect(asked).toHaveLength(1);
  });

  it('mentions nothing of a cell that is kept out of prompts', async () => {
    open('np', 'off = secret', 'off alone = hidden', 'sales');
    await rest();
    expect(asked[0][1]).toEqual(['np', 'sales']);
  });

  it('mentions nothing without a cell', async () => {
    open();
    panel.content.activeCellIndex = -1;
    await rest();
    expect(asked).toEqual([['kernel-1', [], []]]);
  });

  it('ends with the notebook', async () => {
    panel.disposed.emit();
    await rest();
    expect([asked, kernel.isDisposed]).toEqual([[], true]);
  });
});
