import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { parseErrorResponse } from './errorResponse';
import { errorText } from './protocol';

/** Sends requests to the endpoints of the server extension. */
export interface IServerRequests {
  /** Send a GET request; resolves with the JSON of the response. */
  get<T>(endpoint: string): Promise<T>;

  /** Send a POST request with a JSON body. */
  post<T>(endpoint: string, body: object): Promise<T>;
}

/**
 * Create the requests over HTTP.
 *
 * They reject with an `Error` whose message is for the user.
 *
 * @param settings - The address of the Jupyter server.
 * @param trans - Translates error messages.
 */
export function serverRequests(
  settings: ServerConnection.ISettings,
  trans: TranslationBundle
): IServerRequests {
  const send = async <T>(endpoint: string, init: RequestInit): Promise<T> => {
    const url = URLExt.join(settings.baseUrl, 'jupyter-safecoder', endpoint);
    const response = await ServerConnection.makeRequest(url, init, settings);
    if (!response.ok) {
      throw new Error(errorText(await parseErrorResponse(response, trans)));
    }
    return (await response.json()) as T;
  };
  return {
    get: endpoint => send(endpoint, { method: 'GET' }),
    post: (endpoint, body) =>
      send(endpoint, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' }
      })
  };
}
