import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IExclusion } from '../protocol';

/** The file whose patterns exclude documents. */
export const IGNORE_FILE = '.safecoderignore';

/** Milliseconds in which the server is asked once about a path. */
const MIN_INTERVAL = 2_000;

/**
 * What the server excludes by its `.safecoderignore` files.
 *
 * The server is asked once about each document, and again after one of these
 * files may have changed. The last answer holds meanwhile.
 */
export class IgnoredPaths implements IDisposable {
  /**
   * @param ask - Asks the server about a path.
   */
  constructor(ask: (path: string) => Promise<IExclusion>) {
    this._ask = ask;
  }

  /** Emitted when an answer has come that differs from the last one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether it is disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * What is known about a document; `null` until the first answer has come.
   *
   * #### Notes
   * The server refuses an excluded document too. So one about which it does not
   * answer counts as allowed.
   */
  exclusion(path: string): IExclusion | null {
    if (!this._known.has(path)) {
      this._known.set(path, null);
      void this._request(path);
    }
    return this._known.get(path) ?? null;
  }

  /**
   * Ask again about a document that is known.
   */
  refresh(path: string): void {
    const last = this._asked.get(path);
    if (last !== undefined && performance.now() - last >= MIN_INTERVAL) {
      void this._request(path);
    }
  }

  /**
   * Ask again about all documents: a file with patterns was changed.
   */
  refreshAll(): void {
    for (const path of this._known.keys()) {
      void this._request(path);
    }
  }

  /**
   * Forget a document that was closed or has another path now.
   */
  forget(path: string): void {
    this._known.delete(path);
    this._asked.delete(path);
  }

  /** Forget all documents, and disconnect all listeners. */
  dispose(): void {
    this._isDisposed = true;
    this._known.clear();
    this._asked.clear();
    Signal.clearData(this);
  }

  private async _request(path: string): Promise<void> {
    this._asked.set(path, performance.now());
    const before = this._known.get(path);
    const answer = await this._ask(path).catch(() => before ?? Private.ALLOWED);
    if (
      this._known.has(path) &&
      JSON.stringify(answer) !== JSON.stringify(before)
    ) {
      this._known.set(path, answer);
      this._changed.emit();
    }
  }

  private _ask: (path: string) => Promise<IExclusion>;
  private _asked = new Map<string, number>();
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _known = new Map<string, IExclusion | null>();
}

namespace Private {
  /** The answer for a document that is not excluded. */
  export const ALLOWED: IExclusion = {
    excluded: false,
    reason: '',
    remedy: ''
  };
}
