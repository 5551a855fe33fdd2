import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  CompletionEvent,
  ErrorCode,
  ICompletionRequest,
  IErrorEvent
} from '../protocol';
import { readEvents } from './ndjson';

/**
 * Send a request and listen to its answer.
 *
 * An abort of the signal closes the connection, which cancels the request in
 * the engine. May throw; the last event need not be `done` or `error` if the
 * connection is lost.
 */
export type CompletionTransport = (
  request: ICompletionRequest,
  signal: AbortSignal
) => AsyncIterable<CompletionEvent>;

/**
 * The transport over HTTP.
 */
export function httpTransport(
  settings: ServerConnection.ISettings
): CompletionTransport {
  const url = URLExt.join(settings.baseUrl, 'jupyter-safecoder', 'completions');
  return async function* (request, signal) {
    const response = await ServerConnection.makeRequest(
      url,
      {
        method: 'POST',
        body: JSON.stringify(request),
        headers: { 'Content-Type': 'application/json' },
        signal
      },
      settings
    );
    if (response.ok && response.body) {
      yield* readEvents(chunksOf(response.body));
    } else {
      yield await readRefusal(response);
    }
  };
}

async function* chunksOf(
  body: ReadableStream<Uint8Array>
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/**
 * Turn any answer that is not a stream into an error with a reason.
 */
export async function readRefusal(response: Response): Promise<IErrorEvent> {
  try {
    const body: unknown = await response.json();
    if (isErrorEvent(body)) {
      return body;
    }
  } catch {
    // A proxy or a login page answered: its status has to be enough.
  }
  return (
    refusals[response.status] ?? {
      event: 'error',
      code: 'internal',
      message: `The server answered with status ${response.status}.`,
      remedy: 'Look at the log of the Jupyter server.'
    }
  );
}

function isErrorEvent(body: unknown): body is IErrorEvent {
  const candidate = body as Partial<IErrorEvent> | null;
  return candidate?.event === 'error' && typeof candidate.message === 'string';
}

function refusal(
  code: ErrorCode,
  message: string,
  remedy: string
): IErrorEvent {
  return { event: 'error', code, message, remedy };
}

const refusals: { [status: number]: IErrorEvent } = {
  401: refusal('unauthorized', 'You are not logged in.', 'Log in again.'),
  403: refusal(
    'forbidden',
    'The server does not allow you to use SafeCoder.',
    'Log in again, or ask your administrator.'
  ),
  404: refusal(
    'not_found',
    'The Jupyter server does not have the SafeCoder extension.',
    'Install jupyter_safecoder where the server runs and restart it.'
  ),
  413: refusal(
    'too_large',
    'The request is too large for the server.',
    'Split the cell.'
  )
};
