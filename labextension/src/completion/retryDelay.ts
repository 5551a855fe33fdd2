import { IErrorEvent } from '../protocol';

/** Codes of errors that are over after a moment. */
const OVERLOADED = ['queue_full', 'not_ready', 'runtime_unavailable'];

/** Maximum delay, in seconds. */
const MAX_DELAY_S = 30;

/**
 * How long, in ms, no automatic request is sent after a failure.
 */
export function retryDelay(error: IErrorEvent): number {
  const seconds = OVERLOADED.includes(error.code) ? 1 : 0;
  return Math.min(error.retry_after_s ?? seconds, MAX_DELAY_S) * 1000;
}
