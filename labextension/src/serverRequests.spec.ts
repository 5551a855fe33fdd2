/**
 * @jest-environment node
 */
import {
  ILocalServer,
  readBody,
  startLocalServer
} from './testing/localServer';
import { serverRequests } from './serverRequests';
import { loadTranslations } from './translation';

describe('serverRequests', () => {
  let server: ILocalServer;
  let status: number;

  beforeEach(async () => {
    status = 200;
    server = await startLocalServer(async (request, response) => {
      response.statusCode = status;
      const error = { event: 'error', code: 'internal', message: 'A.' };
      const sent = `${request.method} ${request.url} ${await readBody(request)}`;
      response.end(
        JSON.stringify(status === 200 ? { sent } : { ...error, remedy: 'B.' })
      );
    });
  });

  afterEach(() => server.close());

  it('sends requests, and resolves with the JSON of the response', async () => {
    const { get, post } = serverRequests(
      server.settings,
      loadTranslations(null)
    );
    expect(await get('about')).toEqual({
      sent: expect.stringMatching(/^GET \/base\/jupyter-safecoder\/about/)
    });
    expect(await post('model', { model: 'x' })).toEqual({
      sent: expect.stringMatching(/^POST .*\/model.* {"model":"x"}$/)
    });
  });

  it('rejects with the message and the remedy of an error', async () => {
    status = 500;
    const { get } = serverRequests(server.settings, loadTranslations(null));
    await expect(get('about')).rejects.toThrow('A. B.');
  });
});
