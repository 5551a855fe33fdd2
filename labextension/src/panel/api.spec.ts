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
      const bodies: { [endpoint: string]: string } = {
        about: '{"model": null}',
        jobs: '{"jobs": [{"name": "a"}]}',
        privacy: '{"places": [{"id": "a.b"}]}'
      };
      response.end(bodies[pathname.split('/').pop()!]);
    });
  });

  afterEach(() => server.close());

  it('requests what is served, the jobs, and where data could go', async () => {
    const api = httpPanelApi(server.settings, loadTranslations(null));
    expect(await api.about()).toEqual({ model: null });
    expect(await api.jobs()).toEqual([{ name: 'a' }]);
    expect(await api.places()).toEqual([{ id: 'a.b' }]);
  });
});
