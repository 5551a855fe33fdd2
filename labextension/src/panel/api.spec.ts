/**
 * @jest-environment node
 */
import { ILocalServer, startLocalServer } from '../testing/localServer';
import { loadTranslations } from '../translation';
import { httpPanelApi } from './api';

describe('httpPanelApi', () => {
  let server: ILocalServer;

  beforeEach(async () => {
    server = await startLocalServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      response.end(
        pathname.endsWith('jobs')
          ? '{"jobs": [{"name": "a"}]}'
          : '{"model": null}'
      );
    });
  });

  afterEach(() => server.close());

  it('requests what is served, and the jobs', async () => {
    const api = httpPanelApi(server.settings, loadTranslations(null));
    expect(await api.about()).toEqual({ model: null });
    expect(await api.jobs()).toEqual([{ name: 'a' }]);
  });
});
