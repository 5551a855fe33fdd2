import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { parseErrorResponse } from '../errorResponse';
import { IModels, IRuntimeStatus, errorText } from '../protocol';

/** The requests for the status and the models. */
export interface IStatusApi {
  /** Request the status; this starts nothing. */
  status(): Promise<IRuntimeStatus>;

  /** Start or restart the runtime. */
  start(): Promise<IRuntimeStatus>;

  /** Request the models that can be served. */
  models(): Promise<IModels>;

  /** Serve another model; resolves once it is in use. */
  useModel(name: string): Promise<IRuntimeStatus>;
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
  const send = async <T>(endpoint: string, init: RequestInit): Promise<T> => {
    const url = URLExt.join(settings.baseUrl, 'jupyter-safecoder', endpoint);
    const response = await ServerConnection.makeRequest(url, init, settings);
    if (!response.ok) {
      throw new Error(errorText(await parseErrorResponse(response, trans)));
    }
    return (await response.json()) as T;
  };
  const post = (endpoint: string, body: object): Promise<IRuntimeStatus> =>
    send(endpoint, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' }
    });
  return {
    status: () => send('status', { method: 'GET' }),
    start: () => post('start', {}),
    models: () => send('models', { method: 'GET' }),
    useModel: name => post('model', { model: name })
  };
}
