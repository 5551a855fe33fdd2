import { Token } from '@lumino/coreutils';

import { CompletionTransport } from '../completion/requests/transport';

/** Remembers the last request of this page, for the inspector. */
export interface IRequestRecorder {
  /**
   * Record the requests that a transport sends.
   */
  wrap(transport: CompletionTransport): CompletionTransport;
}

/** The token of the recorder. */
export const IRequestRecorder = new Token<IRequestRecorder>(
  'jupyter-safecoder:IRequestRecorder',
  'Remembers the last completion request of this page.'
);
