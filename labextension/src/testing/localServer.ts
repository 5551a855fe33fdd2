import { ServerConnection } from '@jupyterlab/services';
import { IncomingMessage, ServerResponse, createServer } from 'http';
import { AddressInfo } from 'net';

/** An HTTP server on this machine; for tests in Node's environment. */
export interface ILocalServer {
  /** Connect to the server, with the token `secret`. */
  settings: ServerConnection.ISettings;

  /** Close the server and its connections. */
  close(): Promise<void>;
}

/**
 * Start a server.
 *
 * @param handle - Handles each request.
 */
export async function startLocalServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void
): Promise<ILocalServer> {
  const server = createServer(handle);
  await new Promise<void>(resolve =>
    server.listen(0, '127.0.0.1', () => resolve())
  );
  const { port } = server.address() as AddressInfo;
  return {
    settings: ServerConnection.makeSettings({
      baseUrl: `http://127.0.0.1:${port}/base/`,
      token: 'secret'
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  };
}

/** Read the body of a request. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf-8');
}
