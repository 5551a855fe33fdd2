import { JupyterFrontEnd } from '@jupyterlab/application';
import { ServerConnection } from '@jupyterlab/services';

import { flushPromises, suggestionEvent } from '../testing/fakes';
import { suggestionsPlugin } from './plugin';

describe('suggestionsPlugin', () => {
  it('counts events, and asks the server whether it wants them', async () => {
    const request = jest
      .spyOn(ServerConnection, 'makeRequest')
      .mockResolvedValue({
        ok: true,
        json: async () => ({ wanted: false, interval_s: 60 })
      } as unknown as Response);
    const serverSettings = { baseUrl: 'http://localhost/' };
    const events = await suggestionsPlugin.activate(
      { serviceManager: { serverSettings } } as unknown as JupyterFrontEnd,
      null
    );
    expect(request).not.toHaveBeenCalled();
    events.emit(suggestionEvent());
    await flushPromises();
    expect(events.figures.shown).toBe(1);
    expect(request.mock.calls[0][0]).toBe(
      'http://localhost/jupyter-safecoder/suggestion-events'
    );
    request.mockRestore();
  });
});
