import { CodeEditor } from '@jupyterlab/codeeditor';
import { InlineCompleter } from '@jupyterlab/completer';

import { InlineCompleters } from '../completion/inlineCompleter/inlineCompleters';
import { ICompletionTarget } from '../completion/editor/target';
import { watchKept } from './keptText';
import { AcceptedPart, ISuggestionEvent, ISuggestionEvents } from './tokens';

/** Maximum number of accepted texts that are watched at a time. */
const MAX_WATCHED = 50;

/** What names of languages may be; notebooks may have any text there. */
const LANGUAGE = /^[\w+#.-]{1,32}$/;

/**
 * Emits what happens to our suggestions.
 *
 * Lab reports neither that a suggestion is seen nor that it is accepted. So
 * this class watches Lab's completers.
 */
export class SuggestionTracker {
  /**
   * @param options - What the tracker works with.
   */
  constructor(options: SuggestionTracker.IOptions) {
    this._options = options;
    const { completers } = options;
    completers.created.connect((_, completer) => this._watch(completer));
    completers.partAccepted.connect((_, { completer, part, text }) =>
      this._onAccepted(completer, part, text)
    );
    completers.dismissed.connect((_, completer) => {
      const characters = this._suggestion(completer).length;
      if (characters > 0) {
        this._emit(completer, { event: 'dismissed', characters });
      }
    });
  }

  /**
   * Lab has called the provider.
   *
   * @param target - What it is to complete.
   */
  onFetch(target: ICompletionTarget | null): void {
    this._target = target;
    this._fetchTime = performance.now();
  }

  private _watch(completer: InlineCompleter): void {
    completer.model?.suggestionsChanged.connect(() =>
      this._onSuggestion(completer)
    );
    const accept = completer.accept.bind(completer);
    completer.accept = () => {
      const text = this._suggestion(completer);
      accept();
      this._onAccepted(completer, 'all', text);
    };
  }

  /** The text of a suggestion that is ours; empty if there is none. */
  private _suggestion(completer: InlineCompleter): string {
    const { current } = completer;
    return current?.provider.identifier === this._options.providerId
      ? current.insertText
      : '';
  }

  private _onSuggestion(completer: InlineCompleter): void {
    const text = this._suggestion(completer);
    const { editor } = completer;
    if (text === '' || !editor || !this._target) {
      return;
    }
    const last = this._shown.get(completer);
    const shown: Private.IShown = {
      editor,
      target: this._target,
      isTaken: false,
      ...Private.linesOf(editor, text)
    };
    if (last && Private.isSame(last, shown)) {
      this._shown.set(completer, { ...shown, isTaken: last.isTaken });
      return;
    }
    this._shown.set(completer, shown);
    this._emit(completer, {
      event: 'shown',
      characters: text.length,
      latency_ms: Math.round(performance.now() - this._fetchTime)
    });
  }

  private _onAccepted(
    completer: InlineCompleter,
    part: AcceptedPart,
    text: string
  ): void {
    const { editor } = completer;
    const shown = this._shown.get(completer);
    if (text === '' || !editor || !shown) {
      return;
    }
    const characters = text.length;
    const first = !shown.isTaken;
    shown.isTaken = true;
    this._emit(completer, { event: 'accepted', characters, part, first });
    const to = editor.getOffsetAt(editor.getCursorPosition());
    const stop = watchKept(
      editor.model,
      { from: to - characters, to },
      kept => {
        this._watched = this._watched.filter(other => other !== stop);
        // What happens in a document that was closed is not known.
        if (!completer.isDisposed) {
          this._emit(completer, {
            event: 'kept',
            characters: kept,
            accepted_characters: characters
          });
        }
      }
    );
    this._watched.push(stop);
    if (this._watched.length > MAX_WATCHED) {
      this._watched.shift()!();
    }
  }

  private _emit(completer: InlineCompleter, event: Private.Event): void {
    const target = this._shown.get(completer)?.target;
    if (target) {
      const { kind, language } = target;
      this._options.events.emit({
        ...event,
        document: kind,
        language: LANGUAGE.test(language) ? language : 'other',
        model: this._options.model()
      });
    }
  }

  private _fetchTime = 0;
  private _options: SuggestionTracker.IOptions;
  private _shown = new WeakMap<InlineCompleter, Private.IShown>();
  private _target: ICompletionTarget | null = null;
  private _watched: Array<() => void> = [];
}

/**
 * A namespace for `SuggestionTracker` statics.
 */
export namespace SuggestionTracker {
  /** What the tracker works with. */
  export interface IOptions {
    /** Lab's completers. */
    completers: InlineCompleters;

    /** Gets the events. */
    events: ISuggestionEvents;

    /** The name of the model that is served. */
    model: () => string;

    /** The id of our provider: suggestions of others do not count. */
    providerId: string;
  }
}

namespace Private {
  /** The fields of an event that depend on what happened. */
  export type Event = Omit<ISuggestionEvent, 'document' | 'language' | 'model'>;

  /** A suggestion with the text before it in its line. */
  export interface ILines {
    line: number;
    text: string;
  }

  /** The last suggestion of a completer. */
  export interface IShown extends ILines {
    editor: CodeEditor.IEditor;
    isTaken: boolean;
    target: ICompletionTarget;
  }

  export function linesOf(
    editor: CodeEditor.IEditor,
    suggestion: string
  ): ILines {
    const { line, column } = editor.getCursorPosition();
    const before = (editor.getLine(line) ?? '').slice(0, column);
    return { line, text: before + suggestion };
  }

  /**
   * Whether a suggestion is what is left of another one: the user types or
   * accepts a part of it, or its text still grows.
   */
  export function isSame(last: IShown, now: IShown): boolean {
    const rest = last.text
      .split('\n')
      .slice(Math.max(0, now.line - last.line))
      .join('\n');
    return (
      last.editor === now.editor &&
      now.line >= last.line &&
      rest !== '' &&
      (rest.startsWith(now.text) || now.text.startsWith(rest))
    );
  }
}
