import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { parseErrorResponse } from '../errorResponse';
import { IRuntimeStatus, errorText } from '../protocol';

/** The two status requests. */
export interface IStatusApi {
  /** Request the status; this starts nothing. */
  status(): Promise<IRuntimeStatus>;

  /** Start or restart the runtime. */
  start(): Promise<IRuntimeStatus>;
}

/**
 * Create the status requests over HTTP.
 *
 * They reject with an `Error` whose message is for the user.
 *
 * @param settings - The address of the Jupyter server.
 * @param trans - Translates error messages.
 */
export function httpStatusApi(
  settings: ServerConnection.ISettings,
  trans: TranslationBundle
): IStatusApi {
  const send = async (
    endpoint: string,
    init: RequestInit
  ): Promise<IRuntimeStatus> => {
    const url = URLExt.join(settings.baseUrl, 'jupyter-safecoder', endpoint);
    const response = await ServerConnection.makeRequest(url, init, settings);
    if (!response.ok) {
      throw new Error(errorText(await parseErrorResponse(response, trans)));
    }
    return (await response.json()) as IRuntimeStatus;
  };
  return {
    status: () => send('status', { method: 'GET' }),
    start: () =>
      send('start', {
        method: 'POST',
        body: '{}',
        headers: { 'Content-Type': 'application/json' }
      })
  };
}
