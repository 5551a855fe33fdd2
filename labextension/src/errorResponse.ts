import { TranslationBundle } from '@jupyterlab/translation';

import { ErrorCode, IErrorEvent } from './protocol';

/**
 * Read the error of a failed response.
 *
 * A response that is not from our server extension (a login page, a proxy) has
 * no error event; then the HTTP status determines the error.
 *
 * @param response - Any response that is not a stream of events.
 * @param trans - Translates messages.
 */
export async function parseErrorResponse(
  response: Response,
  trans: TranslationBundle
): Promise<IErrorEvent> {
  const body: unknown = await response.json().catch(() => null);
  return Private.isErrorEvent(body)
    ? body
    : Private.errorOfStatus(response.status, trans);
}

namespace Private {
  export function isErrorEvent(body: unknown): body is IErrorEvent {
    const candidate = body as Partial<IErrorEvent> | null;
    return (
      candidate?.event === 'error' && typeof candidate.message === 'string'
    );
  }

  /** The error that an HTTP status stands for. */
  export function errorOfStatus(
    status: number,
    trans: TranslationBundle
  ): IErrorEvent {
    switch (status) {
      case 401:
        return error(
          'unauthorized',
          trans.__('You are not logged in.'),
          trans.__('Log in again.')
        );
      case 403:
        return error(
          'forbidden',
          trans.__('The server does not allow you to use SafeCoder.'),
          trans.__('Log in again, or ask your administrator.')
        );
      case 404:
        return error(
          'not_found',
          trans.__('The Jupyter server does not have the SafeCoder extension.'),
          trans.__(
            'Install jupyter_safecoder in the environment of the server and restart the server.'
          )
        );
      case 413:
        return error(
          'too_large',
          trans.__('The request is too large for the server.'),
          trans.__('Split the cell.')
        );
      default:
        return error(
          'internal',
          trans.__('The server responded with status %1.', status),
          trans.__('Check the log of the Jupyter server.')
        );
    }
  }

  function error(
    code: ErrorCode,
    message: string,
    remedy: string
  ): IErrorEvent {
    return { event: 'error', code, message, remedy };
  }
}
