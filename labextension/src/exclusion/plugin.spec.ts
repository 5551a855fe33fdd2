import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { ISafeCoderStatus } from '../status/tokens';
import { exclusionPlugin } from './plugin';
import { IExclusions } from './tokens';

describe('exclusionPlugin', () => {
  const panel = {
    content: {
      activeCell: null,
      model: { getMetadata: () => 'off', metadataChanged: new Signal({}) },
      modelChanged: new Signal({})
    },
    context: {
      path: 'a.ipynb',
      pathChanged: new Signal({}),
      saveState: new Signal({})
    },
    disposed: new Signal({})
  };
  const notebooks = {
    activeCellChanged: new Signal<object, null>({}),
    has: (widget: unknown) => widget === panel,
    widgetAdded: new Signal<object, object>({})
  };
  const setExclusion = jest.fn();

  async function activate(tracker: object | null): Promise<IExclusions> {
    return exclusionPlugin.activate(
      {
        serviceManager: {
          contents: { fileChanged: new Signal({}) },
          serverSettings: { baseUrl: 'http://localhost/' }
        },
        shell: { currentWidget: panel }
      } as unknown as JupyterFrontEnd,
      { setExclusion } as unknown as ISafeCoderStatus,
      tracker as INotebookTracker | null,
      null,
      null,
      null
    );
  }

  it('shows in the status why nothing is completed', async () => {
    const exclusions = await activate(notebooks);
    notebooks.activeCellChanged.emit(null);
    expect(exclusions.current?.reason).toContain('metadata');
    expect(setExclusion).toHaveBeenLastCalledWith(exclusions.current);
  });

  it('works without notebooks', async () => {
    const exclusions = await activate(null);
    expect(exclusions.isExcluded(panel as unknown as Widget)).toBe(false);
  });
});
