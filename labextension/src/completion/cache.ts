/**
 * Answers of the model, found again while their text is typed.
 *
 * #### Notes
 * An answer `T` to the prefix `P` is also the answer to `P + t` as long as `T`
 * begins with `t`. Everything else that the answer depends on is in the key
 * and must be equal. Nothing is written to disk.
 */
export class CompletionCache {
  /**
   * @param options - The bounds of the cache.
   */
  constructor(options: CompletionCache.IOptions = {}) {
    this._maxEntries = options.maxEntries ?? 200;
    this._maxCharacters = options.maxCharacters ?? 2_000_000;
  }

  /** The number of answers that are kept. */
  get size(): number {
    return this._entries.size;
  }

  /** The number of characters that are kept, keys included. */
  get characters(): number {
    return this._characters;
  }

  /**
   * Forget everything.
   */
  clear(): void {
    this._entries.clear();
    this._byKey.clear();
    this._characters = 0;
  }

  /**
   * Find what is left to insert.
   *
   * @param key - What else the answer depends on, see `cacheKey`.
   * @param prefix - The text before the cursor.
   * @returns The rest of a known answer; the empty string if it is known that
   * there is none at this very place; `null` if nothing is known.
   */
  find(key: string, prefix: string): string | null {
    let best: CompletionCache.IEntry | null = null;
    for (const entry of this._byKey.get(key) ?? []) {
      if (
        (best === null || entry.prefix.length > best.prefix.length) &&
        answers(entry, prefix)
      ) {
        best = entry;
      }
    }
    if (best === null) {
      return null;
    }
    // The entry used last is evicted last.
    this._entries.delete(best);
    this._entries.add(best);
    return best.text.slice(prefix.length - best.prefix.length);
  }

  /**
   * Keep an answer, possibly an empty one.
   */
  store(key: string, prefix: string, text: string): void {
    for (const entry of this._byKey.get(key) ?? []) {
      if (entry.prefix === prefix) {
        this._evict(entry);
        break;
      }
    }
    const entry = { key, prefix, text };
    this._entries.add(entry);
    this._byKey.set(key, (this._byKey.get(key) ?? new Set()).add(entry));
    this._characters += sizeOf(entry);
    for (const oldest of this._entries) {
      if (
        this._entries.size <= this._maxEntries &&
        this._characters <= this._maxCharacters
      ) {
        break;
      }
      this._evict(oldest);
    }
  }

  private _evict(entry: CompletionCache.IEntry): void {
    const siblings = this._byKey.get(entry.key);
    siblings?.delete(entry);
    if (siblings?.size === 0) {
      this._byKey.delete(entry.key);
    }
    this._entries.delete(entry);
    this._characters -= sizeOf(entry);
  }

  private _byKey = new Map<string, Set<CompletionCache.IEntry>>();
  private _characters = 0;
  private _entries = new Set<CompletionCache.IEntry>();
  private _maxCharacters: number;
  private _maxEntries: number;
}

/**
 * A namespace for `CompletionCache` statics.
 */
export namespace CompletionCache {
  /** The bounds of a cache. */
  export interface IOptions {
    /** The most answers kept; default 200. */
    maxEntries?: number;

    /** The most characters kept; default 2,000,000. */
    maxCharacters?: number;
  }

  /** One answer. */
  export interface IEntry {
    key: string;
    prefix: string;
    text: string;
  }
}

/**
 * All that an answer depends on apart from the prefix, as one string.
 */
export function cacheKey(
  document: string,
  cell: string,
  context: string,
  suffix: string
): string {
  return JSON.stringify([document, cell, context, suffix]);
}

function answers(entry: CompletionCache.IEntry, prefix: string): boolean {
  if (prefix === entry.prefix) {
    return true;
  }
  const typed = prefix.length - entry.prefix.length;
  return (
    typed > 0 &&
    typed < entry.text.length &&
    prefix.startsWith(entry.prefix) &&
    entry.text.startsWith(prefix.slice(-typed))
  );
}

function sizeOf(entry: CompletionCache.IEntry): number {
  return entry.key.length + entry.prefix.length + entry.text.length;
}
