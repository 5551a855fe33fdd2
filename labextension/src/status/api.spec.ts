/**
 * @jest-environment node
 */
import { IncomingMessage, ServerResponse } from 'http';

import {
  ILocalServer,
  readBody,
  startLocalServer
} from '../testing/localServer';
import { loadTranslations } from '../translation';
import { IStatusApi, httpStatusApi } from './api';

describe('httpStatusApi', () => {
  let api: IStatusApi;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let server: ILocalServer;

  beforeEach(async () => {
    server = await startLocalServer((request, response) =>
      handle(request, response)
    );
    api = httpStatusApi(server.settings, loadTranslations(null));
  });

  afterEach(() => server.close());

  it.each<['status' | 'start' | 'restart', string, string]>([
    ['status', 'GET', ''],
    ['start', 'POST', '{}'],
    ['restart', 'POST', '{}']
  ])('sends %s as %s', async (name, method, body) => {
    const received: unknown[] = [];
    handle = async (request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      received.push(request.method, pathname, await readBody(request));
      response.end('{"state": "ready"}');
    };
    expect(await api[name]()).toEqual({ state: 'ready' });
    expect(received).toEqual([method, `/base/jupyter-safecoder/${name}`, body]);
  });

  it('requests the models, and another one of them', async () => {
    const received: unknown[] = [];
    handle = async (request, response) => {
      received.push([request.method, request.url, await readBody(request)]);
      response.end('{"selected": "large"}');
    };
    expect(await api.models()).toEqual({ selected: 'large' });
    await api.useModel('large');
    expect(received).toEqual([
      ['GET', expect.stringMatching(/jupyter-safecoder\/models/), ''],
      [
        'POST',
        expect.stringMatching(/jupyter-safecoder\/model(\?|$)/),
        '{"model":"large"}'
      ]
    ]);
  });

  it('requests the adapters, and another one of them', async () => {
    const received: unknown[] = [];
    handle = async (request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      received.push([request.method, pathname, await readBody(request)]);
      response.end('{"selected": "team"}');
    };
    expect(await api.adapters()).toEqual({ selected: 'team' });
    await api.useAdapter('');
    expect(received).toEqual([
      ['GET', '/base/jupyter-safecoder/adapters', ''],
      ['POST', '/base/jupyter-safecoder/adapter', '{"adapter":""}']
    ]);
  });

  it('rejects with the message and the remedy of an error', async () => {
    handle = (_, response) => {
      response.statusCode = 503;
      response.end(
        '{"event": "error", "code": "not_ready", "message": "A.", "remedy": "B."}'
      );
    };
    await expect(api.status()).rejects.toThrow('A. B.');
  });

  it('rejects with a message for the status of a proxy', async () => {
    handle = (_, response) => {
      response.statusCode = 404;
      response.end('<html>');
    };
    await expect(api.start()).rejects.toThrow(
      'does not have the SafeCoder extension. Install jupyter_safecoder'
    );
  });
});
