/**
 * Completions that are used again while the user types their text.
 *
 * #### Notes
 * A completion `T` of the prefix `P` also completes `P + t` as long as `T`
 * starts with `t`. Everything else that the completion depends on is in the key
 * and must be equal. Nothing is written to disk.
 *
 * `jupyter_safecoder/evaluation/replay/completion_cache.py` has the same rules.
 */
export class CompletionCache {
  /**
   * @param options - The limits of the cache.
   */
  constructor(options: CompletionCache.IOptions = {}) {
    this._maxEntries = options.maxEntries ?? 200;
    this._maxCharacters = options.maxCharacters ?? 2_000_000;
  }

  /** The number of completions in the cache. */
  get size(): number {
    return this._entries.size;
  }

  /** The number of characters in the cache, keys included. */
  get characters(): number {
    return this._characters;
  }

  /**
   * Remove all completions.
   */
  clear(): void {
    this._entries.clear();
    this._byKey.clear();
    this._characters = 0;
  }

  /**
   * Find the text that remains to be inserted at the cursor.
   *
   * @param key - What else the completion depends on, see `cacheKey`.
   * @param prefix - The text before the cursor.
   * @returns The remainder of a known completion; the empty string if the
   * completion of exactly this prefix is known to be empty; `null` if none is
   * known.
   */
  find(key: string, prefix: string): string | null {
    let best: CompletionCache.IEntry | null = null;
    for (const entry of this._byKey.get(key) ?? []) {
      if (
        (best === null || entry.prefix.length > best.prefix.length) &&
        completes(entry, prefix)
      ) {
        best = entry;
      }
    }
    if (best === null) {
      return null;
    }
    // Sets keep the order of insertion: the entry used last is evicted last.
    this._entries.delete(best);
    this._entries.add(best);
    return best.text.slice(prefix.length - best.prefix.length);
  }

  /**
   * Store a completion, possibly an empty one.
   *
   * @param key - What else the completion depends on, see `cacheKey`.
   * @param prefix - The prefix that was completed.
   * @param text - The whole completion.
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

  /**
   * Remove what would be shown at a cursor.
   *
   * @param key - What else the completion depends on, see `cacheKey`.
   * @param prefix - The text before the cursor.
   */
  remove(key: string, prefix: string): void {
    for (const entry of [...(this._byKey.get(key) ?? [])]) {
      if (entry.text !== '' && completes(entry, prefix)) {
        this._evict(entry);
      }
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
  /** The limits of a cache. */
  export interface IOptions {
    /** Maximum number of completions; default 200. */
    maxEntries?: number;

    /** Maximum number of characters; default 2,000,000. */
    maxCharacters?: number;
  }

  /** One completion. */
  export interface IEntry {
    key: string;
    prefix: string;
    text: string;
  }
}

/**
 * Everything that a completion depends on except the prefix, as one string.
 *
 * @param document - The id of the document.
 * @param cell - The id of the cell.
 * @param context - The fingerprint of the context.
 * @param suffix - The text after the cursor.
 */
export function cacheKey(
  document: string,
  cell: string,
  context: string,
  suffix: string
): string {
  return JSON.stringify([document, cell, context, suffix]);
}

/** Whether the entry is known to complete the prefix. */
function completes(entry: CompletionCache.IEntry, prefix: string): boolean {
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

/** The number of characters that an entry counts. */
function sizeOf(entry: CompletionCache.IEntry): number {
  return entry.key.length + entry.prefix.length + entry.text.length;
}
