import { JupyterFrontEnd } from '@jupyterlab/application';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { closedDocumentsPlugin } from './closedDocuments';
import { flushPromises } from './testing/fakes';

describe('closedDocumentsPlugin', () => {
  let requests: jest.SpyInstance;

  function activate(notebooks: object | null, editors: object | null): void {
    const serverSettings = { baseUrl: 'http://localhost/' };
    void closedDocumentsPlugin.activate(
      { serviceManager: { serverSettings } } as unknown as JupyterFrontEnd,
      notebooks as INotebookTracker | null,
      editors as IEditorTracker | null,
      null
    );
  }

  beforeEach(() => {
    requests = jest
      .spyOn(ServerConnection, 'makeRequest')
      .mockRejectedValue(new Error('The server is gone.'));
  });

  afterEach(() => requests.mockRestore());

  it('has texts dropped when a notebook or a file is closed', async () => {
    const notebooks = { widgetAdded: new Signal<object, Widget>({}) };
    const editors = { widgetAdded: new Signal<object, Widget>({}) };
    activate(notebooks, editors);
    const [panel, file] = [new Widget(), new Widget()];
    notebooks.widgetAdded.emit(panel);
    editors.widgetAdded.emit(file);
    expect(requests).not.toHaveBeenCalled();
    panel.dispose();
    file.dispose();
    await flushPromises();
    expect(requests.mock.calls.map(([url]) => url as string)).toEqual([
      expect.stringMatching(/jupyter-safecoder\/forget$/),
      expect.stringMatching(/jupyter-safecoder\/forget$/)
    ]);
  });

  it('works where there are neither notebooks nor files', () => {
    expect(() => activate(null, null)).not.toThrow();
  });
});
