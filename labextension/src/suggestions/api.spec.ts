/**
 * @jest-environment node
 */
import {
  ILocalServer,
  readBody,
  startLocalServer
} from '../testing/localServer';
import { loadTranslations } from '../translation';
import { httpEventsApi } from './api';
import { ISuggestionEvent } from './tokens';

describe('httpEventsApi', () => {
  let received: unknown[];
  let server: ILocalServer;

  beforeEach(async () => {
    received = [];
    server = await startLocalServer(async (request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      received.push([request.method, pathname, await readBody(request)]);
      response.end('{"wanted": true, "interval_s": 5}');
    });
  });

  afterEach(() => server.close());

  it('asks, and sends events', async () => {
    const api = httpEventsApi(server.settings, loadTranslations(null));
    expect(await api.settings()).toEqual({ wanted: true, interval_s: 5 });
    const events: ISuggestionEvent[] = [
      {
        event: 'dismissed',
        characters: 9,
        document: 'file',
        language: 'r',
        model: ''
      }
    ];
    await api.send(events);
    const path = '/base/jupyter-safecoder/suggestion-events';
    expect(received).toEqual([
      ['GET', path, ''],
      ['POST', path, JSON.stringify({ events })]
    ]);
  });
});
