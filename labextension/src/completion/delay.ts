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
