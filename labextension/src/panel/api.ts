import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { IAbout, IJob, IPlace } from '../protocol';
import { serverRequests } from '../serverRequests';

/** The requests of the side panel. */
export interface IPanelApi {
  /** Request what is served and where text goes. */
  about(): Promise<IAbout>;

  /** Request every place that data could go to. */
  places(): Promise<IPlace[]>;

  /** Request the training jobs. */
  jobs(): Promise<IJob[]>;
}

/**
 * Create the requests over HTTP.
 *
 * They reject with an `Error` whose message is for the user.
 *
 * @param settings - The address of the Jupyter server.
 * @param trans - Translates error messages.
 */
export function httpPanelApi(
  settings: ServerConnection.ISettings,
  trans: TranslationBundle
): IPanelApi {
  const { get } = serverRequests(settings, trans);
  return {
    about: () => get('about'),
    places: async () => (await get<{ places: IPlace[] }>('privacy')).places,
    jobs: async () => (await get<{ jobs: IJob[] }>('jobs')).jobs
  };
}
