import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { IExclusion } from '../protocol';

/**
 * Create the request for what excludes a document, over HTTP.
 *
 * @param settings - The address of the Jupyter server.
 */
export function httpExclusionApi(
  settings: ServerConnection.ISettings
): (path: string) => Promise<IExclusion> {
  return async path => {
    const url = URLExt.join(
      settings.baseUrl,
      'jupyter-safecoder',
      `exclusion${URLExt.objectToQueryString({ path })}`
    );
    const response = await ServerConnection.makeRequest(url, {}, settings);
    if (!response.ok) {
      throw new ServerConnection.ResponseError(response);
    }
    return (await response.json()) as IExclusion;
  };
}
