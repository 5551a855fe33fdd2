import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { parseErrorResponse } from '../../errorResponse';
import { CompletionEvent, ICompletionRequest } from '../../protocol';
import { readEvents } from './ndjson';

/**
 * Send a request and yield the events of its response.
 *
 * Aborting the signal closes the connection, which cancels the request in the
 * engine. The iteration may throw, and the last event is neither `done` nor
 * `error` when the connection is lost.
 */
export type CompletionTransport = (
  request: ICompletionRequest,
  signal: AbortSignal
) => AsyncIterable<CompletionEvent>;

/**
 * Create the transport over HTTP.
 *
 * @param settings - The address of the Jupyter server.
 * @param trans - Translates error messages.
 */
export function httpTransport(
  settings: ServerConnection.ISettings,
  trans: TranslationBundle
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
      yield await parseErrorResponse(response, trans);
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
