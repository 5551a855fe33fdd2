/**
 * @jest-environment node
 */
import { IncomingMessage, ServerResponse } from 'http';

import {
  ILocalServer,
  readBody,
  startLocalServer
} from '../../testing/localServer';
import { loadTranslations } from '../../translation';
import { IProjectRequest, httpProjectTransport } from './projectTransport';

const REQUEST: IProjectRequest = {
  version: 2,
  path: 'work.ipynb',
  cells: ['import grid'],
  current: 'é',
  open: ['other.ipynb'],
  modules: true,
  files: false
};
const ANSWER = {
  modules: [{ path: 'grid.py', text: 'RATE: float' }],
  files: []
};

describe('httpProjectTransport', () => {
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let server: ILocalServer;

  beforeEach(async () => {
    server = await startLocalServer((request, response) =>
      handle(request, response)
    );
  });

  afterEach(() => server.close());

  it('posts the request, and returns the answer', async () => {
    let received: unknown;
    handle = async (request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      received = [pathname, JSON.parse(await readBody(request))];
      response.end(JSON.stringify({ version: 2, ...ANSWER }));
    };
    const send = httpProjectTransport(server.settings, loadTranslations(null));
    expect(await send(REQUEST)).toEqual(ANSWER);
    expect(received).toEqual(['/base/jupyter-safecoder/context', REQUEST]);
  });

  it('rejects with what the user should know', async () => {
    handle = (_, response) => {
      response.statusCode = 403;
      response.end();
    };
    const send = httpProjectTransport(server.settings, loadTranslations(null));
    await expect(send(REQUEST)).rejects.toThrow('does not allow you');
  });
});
