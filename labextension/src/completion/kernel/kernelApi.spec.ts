/**
 * @jest-environment node
 */
import { IncomingMessage, ServerResponse } from 'http';

import {
  ILocalServer,
  readBody,
  startLocalServer
} from '../../testing/localServer';
import { httpKernelApi } from './kernelApi';

describe('httpKernelApi', () => {
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let server: ILocalServer;

  beforeEach(async () => {
    server = await startLocalServer((request, response) =>
      handle(request, response)
    );
  });

  afterEach(() => server.close());

  it('posts the names, and returns the answer', async () => {
    const answer = {
      names: [{ name: 'x', type: 'int' }],
      members: {},
      complete: false
    };
    let received: unknown;
    handle = async (request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      received = [pathname, JSON.parse(await readBody(request))];
      response.end(JSON.stringify(answer));
    };
    const ask = httpKernelApi(server.settings);
    expect(await ask('a/b', ['x'], ['np'])).toEqual(answer);
    expect(received).toEqual([
      '/base/jupyter-safecoder/kernels/a%2Fb/names',
      { names: ['x'], members: ['np'] }
    ]);
  });

  it('has no names if the server refuses or is away', async () => {
    handle = (_, response) => {
      response.statusCode = 403;
      response.end();
    };
    const ask = httpKernelApi(server.settings);
    expect(await ask('k', [], [])).toEqual({
      names: null,
      members: {},
      complete: false
    });
    handle = request => request.destroy();
    expect(await ask('k', [], [])).toEqual({
      names: null,
      members: {},
      complete: false
    });
  });
});
