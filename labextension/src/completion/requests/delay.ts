import { IErrorEvent } from '../../protocol';

/**
 * Wait for a time, or until a signal is aborted.
 *
 * @param ms - Milliseconds; zero or less does not wait at all.
 * @param signal - Ends the wait at once when it is aborted.
 * @returns `true` after the whole time, `false` after an abort.
 */
export function delay(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms <= 0 || signal.aborted) {
    return Promise.resolve(!signal.aborted);
  }
  return new Promise(resolve => {
    const finish = (isComplete: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(isComplete);
    };
    const onAbort = (): void => finish(false);
    const timer = setTimeout(() => finish(true), ms);
    signal.addEventListener('abort', onAbort);
  });
}

/** How long, in ms, no automatic request is sent after a failure. */
export function retryDelay(error: IErrorEvent): number {
  const overloaded = ['queue_full', 'not_ready', 'runtime_unavailable'];
  const seconds = overloaded.includes(error.code) ? 1 : 0;
  return Math.min(error.retry_after_s ?? seconds, 30) * 1000;
}
