import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { IAdapters, IModels, IRuntimeStatus } from '../protocol';
import { serverRequests } from '../serverRequests';

/** The requests for the status and the models. */
export interface IStatusApi {
  /** Request the status; this starts nothing. */
  status(): Promise<IRuntimeStatus>;

  /** Start or restart the runtime. */
  start(): Promise<IRuntimeStatus>;

  /** Restart the runtime, also if it is ready. */
  restart(): Promise<IRuntimeStatus>;

  /** Request the models that can be served. */
  models(): Promise<IModels>;

  /** Serve another model; resolves once it is in use. */
  useModel(name: string): Promise<IRuntimeStatus>;

  /** Request the adapters of the served model. */
  adapters(): Promise<IAdapters>;

  /** Use another adapter; resolves once it is in use. */
  useAdapter(name: string): Promise<IRuntimeStatus>;
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
  const { get, post } = serverRequests(settings, trans);
  return {
    status: () => get('status'),
    start: () => post('start', {}),
    restart: () => post('restart', {}),
    models: () => get('models'),
    useModel: name => post('model', { model: name }),
    adapters: () => get('adapters'),
    useAdapter: name => post('adapter', { adapter: name })
  };
}
