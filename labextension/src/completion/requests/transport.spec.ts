/**
 * @jest-environment node
 */
import { IncomingMessage, ServerResponse } from 'http';

import { CompletionEvent, ICompletionRequest } from '../../protocol';
import {
  ILocalServer,
  readBody,
  startLocalServer
} from '../../testing/localServer';
import { loadTranslations } from '../../translation';
import { httpTransport } from './transport';

const REQUEST: ICompletionRequest = {
  version: 2,
  document: 'doc',
  path: 'work.ipynb',
  language: 'python',
  before: [],
  prefix: "print('🎉', ",
  suffix: ')',
  options: { trigger: 'explicit' }
};
const QUEUED: CompletionEvent = { event: 'queued', position: 1 };

describe('httpTransport', () => {
  let controller: AbortController;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let server: ILocalServer;

  beforeEach(async () => {
    controller = new AbortController();
    server = await startLocalServer((request, response) =>
      handle(request, response)
    );
  });

  afterEach(() => server.close());

  function send(): AsyncIterator<CompletionEvent> {
    const transport = httpTransport(server.settings, loadTranslations(null));
    return transport(REQUEST, controller.signal)[Symbol.asyncIterator]();
  }

  function writeEvent(response: ServerResponse, event: CompletionEvent): void {
    response.write(JSON.stringify(event) + '\n');
  }

  it('posts the request, and yields events as they arrive', async () => {
    let received: unknown;
    let finish: () => void = () => undefined;
    handle = async (request, response) => {
      const { method, headers } = request;
      const { pathname } = new URL(request.url!, 'http://localhost');
      const body = JSON.parse(await readBody(request));
      received = { method, pathname, body, type: headers['content-type'] };
      writeEvent(response, QUEUED);
      finish = () => {
        writeEvent(response, { event: 'text', text: 'é 🎉', tokens: 1 });
        response.end();
      };
    };
    const events = send();
    expect((await events.next()).value).toEqual(QUEUED);
    expect(received).toEqual({
      method: 'POST',
      pathname: '/base/jupyter-safecoder/completions',
      body: REQUEST,
      type: 'application/json'
    });
    finish();
    expect((await events.next()).value).toMatchObject({ text: 'é 🎉' });
    expect((await events.next()).done).toBe(true);
  });

  it('yields the error of a failed response', async () => {
    handle = (_, response) => {
      response.statusCode = 403;
      response.end('<html>');
    };
    const events = send();
    expect((await events.next()).value).toMatchObject({ code: 'forbidden' });
    expect((await events.next()).done).toBe(true);
  });

  it.each<[string, (events: AsyncIterator<CompletionEvent>) => unknown]>([
    ['the signal is aborted', () => controller.abort()],
    ['the iteration stops', events => events.return?.()]
  ])('closes the connection when %s', async (_, stop) => {
    let closed: Promise<void> | undefined;
    handle = (_, response) => {
      closed = new Promise(resolve => response.on('close', () => resolve()));
      writeEvent(response, QUEUED);
    };
    const events = send();
    await events.next();
    await stop(events);
    await expect(closed).resolves.toBeUndefined();
  });

  it('throws when the connection is lost', async () => {
    handle = (_, response) => {
      response.write('{"event": "te', () => response.destroy());
    };
    await expect(send().next()).rejects.toThrow();
  });

  it('throws when there is no server', async () => {
    await server.close();
    await expect(send().next()).rejects.toThrow();
  });
});
