/**
 * Wait, unless an abort comes first.
 *
 * @param ms - Milliseconds; zero or less does not wait at all.
 * @param signal - Ends the wait at once.
 * @returns Whether the time went by without an abort.
 */
export function delay(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms <= 0 || signal.aborted) {
    return Promise.resolve(!signal.aborted);
  }
  return new Promise(resolve => {
    const end = (whole: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(whole);
    };
    const onAbort = (): void => end(false);
    const timer = setTimeout(() => end(true), ms);
    signal.addEventListener('abort', onAbort);
  });
}
