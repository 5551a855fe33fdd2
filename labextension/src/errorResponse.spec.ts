import { parseErrorResponse } from './errorResponse';
import { trans } from './testing/fakes';

function response(status: number, body: unknown): Response {
  return { status, json: () => Promise.resolve(body) } as Response;
}

describe('parseErrorResponse', () => {
  it('returns the error event of our server', async () => {
    const event = {
      event: 'error',
      code: 'queue_full',
      message: 'Full.',
      retry_after_s: 5
    };
    expect(await parseErrorResponse(response(429, event), trans)).toBe(event);
  });

  it.each([null, [], 'text', { message: 'Forbidden' }, { event: 'error' }])(
    'uses the status if the body is %j',
    async body => {
      const error = await parseErrorResponse(response(403, body), trans);
      expect(error).toMatchObject({ event: 'error', code: 'forbidden' });
    }
  );

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [413, 'too_large'],
    [500, 'internal'],
    [302, 'internal']
  ])('maps status %d to %s', async (status, code) => {
    const error = await parseErrorResponse(response(status, null), trans);
    expect(error.code).toBe(code);
  });

  it('names a status that has no message of its own', async () => {
    const error = await parseErrorResponse(response(502, null), trans);
    expect(error.message).toBe('The server responded with status 502.');
  });
});
