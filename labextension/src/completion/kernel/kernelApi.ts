import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { IKernelName } from '../../protocol';

/** What a kernel knows. */
export interface IKernelAnswer {
  /** The names; `null` if the kernel was not asked, because it is busy. */
  names: IKernelName[] | null;

  /** Whether the kernel had time for all of them. */
  complete: boolean;

  /** The members by module or class. */
  members: { [path: string]: string[] };
}

/**
 * Ask a kernel for names, and for the members of modules and classes.
 *
 * It never rejects: without an answer `names` is `null`.
 */
export type AskKernel = (
  kernel: string,
  names: string[],
  members: string[]
) => Promise<IKernelAnswer>;

/**
 * Create the requests over HTTP.
 *
 * @param settings - The address of the Jupyter server.
 */
export function httpKernelApi(settings: ServerConnection.ISettings): AskKernel {
  return async (kernel, names, members) => {
    const url = URLExt.join(
      settings.baseUrl,
      'jupyter-safecoder/kernels',
      encodeURIComponent(kernel),
      'names'
    );
    try {
      const response = await ServerConnection.makeRequest(
        url,
        {
          method: 'POST',
          body: JSON.stringify({ names, members }),
          headers: { 'Content-Type': 'application/json' }
        },
        settings
      );
      if (response.ok) {
        return (await response.json()) as IKernelAnswer;
      }
    } catch {
      // The server is not reachable: Lab says so itself.
    }
    return { names: null, members: {}, complete: false };
  };
}
