import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { FakeSession } from '../../testing/fakeKernel';
import { flushPromises } from '../../testing/fakes';
import { REST_MS } from './kernelWatcher';
import { NotebookKernels } from './notebookKernels';
import { ICellContext } from '../editor/target';

const CONTEXT: ICellContext = {
  before: [],
  below: [],
  modules: [],
  files: [],
  fingerprint: '1'
};

function fakePanel(): NotebookPanel {
  const model = {
    getMetadata: () => undefined,
    sharedModel: { getSource: () => 'np.x' },
    type: 'code'
  };
  return {
    content: {
      activeCellChanged: new Signal({}),
      activeCellIndex: 0,
      widgets: [{ model }]
    },
    disposed: new Signal({}),
    sessionContext: new FakeSession()
  } as unknown as NotebookPanel;
}

describe('NotebookKernels', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('extends the context of notebooks that are open or opened', async () => {
    const widgetAdded = new Signal<object, NotebookPanel>({});
    const [open, opened, other] = [fakePanel(), fakePanel(), fakePanel()];
    const members: string[][] = [];
    const kernels = new NotebookKernels(
      {
        forEach: (add: (panel: NotebookPanel) => void) => add(open),
        widgetAdded
      } as unknown as INotebookTracker,
      async (_, __, of) => {
        members.push(of);
        return {
          names: [{ name: 'np', type: 'module' }],
          members: { np: ['log'] },
          complete: true
        };
      },
      () => true
    );
    widgetAdded.emit(opened);
    expect(kernels.extend(other, CONTEXT, '')).toBe(CONTEXT);
    expect(kernels.extend(open, CONTEXT, '').fingerprint).toBe('1');
    jest.advanceTimersByTime(REST_MS);
    await flushPromises();
    const context = kernels.extend(opened, CONTEXT, 'np.');
    expect(context.fingerprint).toMatch(/^1\/.+/);
    await flushPromises();
    expect(members).toEqual([[], [], ['np']]);
    expect(context.kernel?.('np.l')[0].members).toEqual(['log']);
  });

  it('extends nothing without a tracker of notebooks', () => {
    const kernels = new NotebookKernels(null, jest.fn(), () => true);
    expect(kernels.extend(fakePanel(), CONTEXT, '')).toBe(CONTEXT);
  });
});
