import { TranslationBundle } from '@jupyterlab/translation';
import { ServerConnection } from '@jupyterlab/services';

import { serverRequests } from '../serverRequests';
import { ISuggestionEvent } from './tokens';

/** Whether events are counted, and how often they may be sent. */
export interface IEventSettings {
  /** Whether the server passes events on. */
  wanted: boolean;

  /** Minimum seconds between two requests. */
  interval_s: number;
}

/** The requests of the reporter. */
export interface IEventsApi {
  /** Ask whether events are wanted. */
  settings(): Promise<IEventSettings>;

  /** Send events. */
  send(events: readonly ISuggestionEvent[]): Promise<unknown>;
}

/**
 * Create the requests over HTTP.
 *
 * @param settings - The address of the Jupyter server.
 * @param trans - Translates error messages.
 */
export function httpEventsApi(
  settings: ServerConnection.ISettings,
  trans: TranslationBundle
): IEventsApi {
  const { get, post } = serverRequests(settings, trans);
  return {
    settings: () => get('suggestion-events'),
    send: events => post('suggestion-events', { events })
  };
}
