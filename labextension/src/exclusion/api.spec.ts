/**
 * @jest-environment node
 */
import { ILocalServer, startLocalServer } from '../testing/localServer';
import { httpExclusionApi } from './api';

describe('httpExclusionApi', () => {
  const urls: string[] = [];
  let server: ILocalServer;
  let status = 200;

  beforeAll(async () => {
    server = await startLocalServer((request, response) => {
      urls.push(request.url!);
      response.statusCode = status;
      response.end(
        JSON.stringify({ excluded: true, reason: 'Off.', remedy: '' })
      );
    });
  });

  afterAll(() => server.close());

  it('asks about a path', async () => {
    const ask = httpExclusionApi(server.settings);
    await expect(ask('a folder/ä&b.ipynb')).resolves.toEqual({
      excluded: true,
      reason: 'Off.',
      remedy: ''
    });
    const url = new URL(urls.pop()!, 'http://127.0.0.1');
    expect(url.pathname).toBe('/base/jupyter-safecoder/exclusion');
    expect(url.searchParams.get('path')).toBe('a folder/ä&b.ipynb');
  });

  it('rejects what is not an answer', async () => {
    status = 404;
    await expect(httpExclusionApi(server.settings)('a')).rejects.toThrow();
  });
});
