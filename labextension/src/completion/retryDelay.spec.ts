import { ErrorCode } from '../protocol';
import { retryDelay } from './retryDelay';

describe('retryDelay', () => {
  it.each<[ErrorCode, number | undefined, number]>([
    ['bad_request', undefined, 0],
    ['queue_full', undefined, 1_000],
    ['not_ready', 2.5, 2_500],
    ['forbidden', 7, 7_000],
    ['queue_full', 3_600, 30_000]
  ])('%s with %j s: %d ms', (code, retry_after_s, delay) => {
    const error = { event: 'error', code, message: '', retry_after_s } as const;
    expect(retryDelay(error)).toBe(delay);
  });
});
