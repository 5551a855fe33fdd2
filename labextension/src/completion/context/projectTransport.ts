import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { parseErrorResponse } from '../../errorResponse';
import { PROTOCOL_VERSION, errorText } from '../../protocol';
import { IProjectContext } from '../editor/target';

/** The body of `POST context`: a notebook at rest. */
export interface IProjectRequest {
  version: typeof PROTOCOL_VERSION;

  /** The path of the notebook, below the server's root. */
  path: string;

  /** The code cells above that import something, and the nearest ones. */
  cells: string[];

  /** The current cell. */
  current: string;

  /** The paths of other open documents. */
  open: string[];

  /** Whether signatures of modules are wanted. */
  modules: boolean;

  /** Whether parts of other documents are wanted. */
  files: boolean;
}

/**
 * Request what a project adds to the context of a notebook.
 *
 * It rejects with an `Error` whose message is for the user.
 */
export type ProjectTransport = (
  request: IProjectRequest
) => Promise<IProjectContext>;

/**
 * Create the transport over HTTP.
 *
 * @param settings - The address of the Jupyter server.
 * @param trans - Translates error messages.
 */
export function httpProjectTransport(
  settings: ServerConnection.ISettings,
  trans: TranslationBundle
): ProjectTransport {
  const url = URLExt.join(settings.baseUrl, 'jupyter-safecoder', 'context');
  return async request => {
    const response = await ServerConnection.makeRequest(
      url,
      {
        method: 'POST',
        body: JSON.stringify(request),
        headers: { 'Content-Type': 'application/json' }
      },
      settings
    );
    if (!response.ok) {
      throw new Error(errorText(await parseErrorResponse(response, trans)));
    }
    const { modules, files } = (await response.json()) as IProjectContext;
    return { modules, files };
  };
}
