import { ProviderHarness, flushPromises } from './fakes';

/** The pause in typing, in ms, before the harness's provider requests. */
export const DEBOUNCE = 60;

/**
 * Make a provider before each test of a suite, and the time fake.
 *
 * @param use - Gets the provider.
 */
export function useProvider(use: (harness: ProviderHarness) => void): void {
  let harness: ProviderHarness;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    harness = new ProviderHarness();
    use(harness);
  });

  afterEach(() => {
    harness.provider.cancel();
    jest.useRealTimers();
  });
}

/** Let the pause before a request pass. */
export async function pause(ms = DEBOUNCE): Promise<void> {
  await flushPromises();
  jest.advanceTimersByTime(ms);
  await flushPromises();
}
