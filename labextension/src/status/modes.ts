import { ISignal, Signal } from '@lumino/signaling';

import { DocumentKind } from '../suggestions/tokens';

/** When suggestions come: while typing, on request, or never. */
export type SuggestionMode = 'automatic' | 'manual' | 'off';

/** All modes, in the order of a menu. */
export const MODES: readonly SuggestionMode[] = ['automatic', 'manual', 'off'];

/** Maximum number of documents, and of languages, whose choice is kept. */
export const MAX_CHOICES = 100;

/** A document, as far as its mode depends on it. */
export interface IDocument {
  kind: DocumentKind;

  /** The language, in lower case. */
  language: string;

  /** The path, relative to the server's root. */
  path: string;
}

/** What a choice is for. */
export type Scope = 'document' | 'everything' | 'language';

/** The fields of the settings that have choices. */
export type Field = 'documents' | 'languages';

/** Choices by path or by language. */
export type Choices = { [key: string]: SuggestionMode };

/** Saves choices. */
export interface IModeStorage {
  /** Save the choice for everything. */
  saveEverything(mode: SuggestionMode): Promise<void>;

  /**
   * Save a choice; never in the document itself.
   *
   * @param field - What the choice is for.
   * @param key - The path of a document or the name of a language.
   * @param mode - The mode; `null`: no choice.
   */
  saveChoice(
    field: Field,
    key: string,
    mode: SuggestionMode | null
  ): Promise<void>;
}

/**
 * The user's choices when suggestions come: for everything, for a language and
 * for a document. The narrowest choice counts, except that off for everything
 * is off everywhere.
 */
export class SuggestionModes {
  /**
   * @param storage - Saves the choices.
   */
  constructor(storage: IModeStorage) {
    this._storage = storage;
  }

  /** Emitted when a choice changes, or the document that the user is in. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Finds the document that the user is in. */
  findDocument: () => IDocument | null = () => null;

  /** The document that the user is in, as of the last update. */
  get document(): IDocument | null {
    return this._document;
  }

  /** The choice for everything. */
  get everything(): SuggestionMode {
    return !this._isOn ? 'off' : this._isManual ? 'manual' : 'automatic';
  }

  /** The mode in the document that the user is in. */
  get current(): SuggestionMode {
    const { _document: document, everything } = this;
    if (document === null || everything === 'off') {
      return everything;
    }
    return this.choiceFor(document) ?? everything;
  }

  /**
   * The choice for a document or its language; `null` if there is none.
   */
  choiceFor({ language, path }: IDocument): SuggestionMode | null {
    const { documents, languages } = this._choices;
    return documents[path] ?? languages[language] ?? null;
  }

  /**
   * The choice of a scope at the document that the user is in; `null` if there
   * is none.
   */
  choice(scope: Scope): SuggestionMode | null {
    const { _document: document } = this;
    if (scope === 'everything') {
      return this.everything;
    }
    if (document === null) {
      return null;
    }
    const { documents, languages } = this._choices;
    return scope === 'document'
      ? (documents[document.path] ?? null)
      : (languages[document.language] ?? null);
  }

  /**
   * Choose for a scope, at the document that the user is in.
   *
   * @param mode - The mode; `null`: as for what is wider.
   */
  async choose(scope: Scope, mode: SuggestionMode | null): Promise<void> {
    const { _document: document } = this;
    if (scope === 'everything') {
      await this._storage.saveEverything(mode ?? 'automatic');
    } else if (document !== null && scope === 'document') {
      await this._save('documents', document.path, mode);
    } else if (document !== null) {
      await this._save('languages', document.language, mode);
    }
  }

  /** Apply whether completions are on. */
  setOn(isOn: boolean): void {
    if (isOn !== this._isOn) {
      this._isOn = isOn;
      this._changed.emit();
    }
  }

  /** Apply whether suggestions come on request only, for everything. */
  setManual(isManual: boolean): void {
    if (isManual !== this._isManual) {
      this._isManual = isManual;
      this._changed.emit();
    }
  }

  /** Apply the saved choices by language; what is no choice is left out. */
  setLanguages(saved: unknown): void {
    this._apply('languages', saved);
  }

  /** Apply the saved choices by path; what is no choice is left out. */
  setDocuments(saved: unknown): void {
    this._apply('documents', saved);
  }

  /** A document was renamed: it keeps its choice. */
  rename(path: string, renamed: string): void {
    const mode = this._choices.documents[path];
    if (mode) {
      void this._save('documents', renamed, mode);
      void this._save('documents', path, null);
    }
    this.update();
  }

  /** Find out which document the user is in now. */
  update(): void {
    const found = this.findDocument();
    const old = this._document;
    if (found?.path !== old?.path || found?.language !== old?.language) {
      const before = this.current;
      this._document = found;
      if (this.current !== before) {
        this._changed.emit();
      }
    }
  }

  /** Apply a choice at once, and save it. */
  private async _save(
    field: Field,
    key: string,
    mode: SuggestionMode | null
  ): Promise<void> {
    const pending = { field, key, mode };
    this._pending.add(pending);
    this._apply(field, this._choices[field]);
    // One after the other: each reads what was saved before it.
    const before = this._saved.catch(() => undefined);
    this._saved = before.then(() => this._storage.saveChoice(field, key, mode));
    try {
      await this._saved;
    } finally {
      this._pending.delete(pending);
    }
  }

  /** Apply saved choices; those that are being saved count first. */
  private _apply(field: Field, saved: unknown): void {
    let choices = readChoices(saved);
    for (const pending of this._pending) {
      if (pending.field === field) {
        choices = withChoice(choices, pending.key, pending.mode);
      }
    }
    if (JSON.stringify(choices) !== JSON.stringify(this._choices[field])) {
      this._choices[field] = choices;
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _choices: Record<Field, Choices> = { documents: {}, languages: {} };
  private _document: IDocument | null = null;
  private _isManual = false;
  private _isOn = false;
  private _pending = new Set<{
    field: Field;
    key: string;
    mode: SuggestionMode | null;
  }>();
  private _saved = Promise.resolve();
  private _storage: IModeStorage;
}

/**
 * The choices in what was saved, which may be anything.
 */
export function readChoices(saved: unknown): Choices {
  const entries = Object.entries((saved as object | null) ?? {});
  return Object.fromEntries(
    entries.filter(([, mode]) => MODES.includes(mode as SuggestionMode))
  ) as Choices;
}

/**
 * Choices with another one; the oldest ones of many are forgotten.
 */
export function withChoice(
  choices: Choices,
  key: string,
  mode: SuggestionMode | null
): Choices {
  const entries = Object.entries(choices).filter(([other]) => other !== key);
  if (mode !== null) {
    entries.push([key, mode]);
  }
  return Object.fromEntries(entries.slice(-MAX_CHOICES));
}
