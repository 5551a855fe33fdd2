import { Flight } from './flight';
import { ICompletionSite } from './site';
import { IWindow, cutWindow } from './window';

/**
 * One call of Lab for a suggestion. At most one turn is served at a time; a
 * flight may serve several turns while what is typed agrees with its text.
 */
export class Turn {
  /**
   * @param site - The cell.
   * @param window - The cell around the cursor when the turn began.
   * @param key - What the answer depends on apart from the prefix.
   * @param isInvoked - Whether the person asked explicitly.
   */
  constructor(
    readonly site: ICompletionSite,
    readonly window: IWindow,
    readonly key: string,
    readonly isInvoked: boolean
  ) {}

  /** The name under which Lab asks for the rest. */
  readonly token = Private.nextToken();

  /** Aborted when the turn is over. */
  get signal(): AbortSignal {
    return this._controller.signal;
  }

  /**
   * End the turn: nothing will be shown for it any more.
   */
  end(): void {
    this._controller.abort();
  }

  /**
   * What of the flight's text is still to be inserted, read from the editor as
   * it is now.
   *
   * @returns `null` if the turn is over, or the text does not fit any more.
   */
  rest(flight: Flight): string | null {
    const place = this.signal.aborted ? null : this.site.read();
    if (place === null) {
      return null;
    }
    const now = cutWindow(place.text, place.cursor);
    return now.suffix === this.window.suffix ? flight.rest(now.prefix) : null;
  }

  /**
   * Wait until the flight has news, has ended, or the turn is over.
   */
  news(flight: Flight): Promise<void> {
    if (flight.isEnded || this.signal.aborted) {
      return Promise.resolve();
    }
    return new Promise(resolve => {
      const wake = (): void => {
        flight.changed.disconnect(wake);
        this.signal.removeEventListener('abort', wake);
        resolve();
      };
      flight.changed.connect(wake);
      this.signal.addEventListener('abort', wake);
    });
  }

  private _controller = new AbortController();
}

namespace Private {
  let count = 0;

  /** A token that no other turn has. */
  export function nextToken(): string {
    return `safecoder-${++count}`;
  }
}
