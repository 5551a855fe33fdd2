import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { readRefusal } from '../completion/transport';
import { IRuntimeStatus, sentence } from '../protocol';

/** The two status requests. */
export interface IStatusApi {
  /** Ask for the status; starts nothing. */
  status(): Promise<IRuntimeStatus>;

  /** Start or restart the runtime. */
  start(): Promise<IRuntimeStatus>;
}

/**
 * The status requests over HTTP. They reject with a sentence for a person.
 */
export function httpStatusApi(
  settings: ServerConnection.ISettings
): IStatusApi {
  const ask = async (
    endpoint: string,
    init: RequestInit
  ): Promise<IRuntimeStatus> => {
    const url = URLExt.join(settings.baseUrl, 'jupyter-safecoder', endpoint);
    const response = await ServerConnection.makeRequest(url, init, settings);
    if (!response.ok) {
      throw new Error(sentence(await readRefusal(response)));
    }
    return (await response.json()) as IRuntimeStatus;
  };
  return {
    status: () => ask('status', { method: 'GET' }),
    start: () =>
      ask('start', {
        method: 'POST',
        body: '{}',
        headers: { 'Content-Type': 'application/json' }
      })
  };
}
