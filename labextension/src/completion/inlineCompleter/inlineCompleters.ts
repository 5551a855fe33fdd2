import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { ISignal, Signal } from '@lumino/signaling';

/**
 * The widgets in which Lab shows suggestions.
 *
 * Lab's provider interface can neither withdraw a suggestion nor take a part of
 * it, and an empty suggestion would still capture the Tab key. So this class
 * remembers the completers that Lab creates.
 */
export class InlineCompleters {
  /**
   * Make Lab create its completers through this object.
   *
   * @param manager - Lab's manager of completion providers.
   * @param factory - The factory that Lab would use otherwise.
   */
  install(
    manager: ICompletionProviderManager,
    factory: IInlineCompleterFactory
  ): void {
    manager.setInlineCompleterFactory?.({
      factory: options => {
        const completer = factory.factory(options);
        this._completers.add(completer);
        this._created.emit(completer);
        completer.disposed.connect(() => this._completers.delete(completer));
        return completer;
      }
    });
  }

  /**
   * Remove the suggestion that an editor shows.
   */
  dismiss(editor: CodeEditor.IEditor): void {
    for (const completer of this._completers) {
      if (completer.editor === editor) {
        completer.model?.reset();
      }
    }
  }

  /**
   * Remove all suggestions of a provider.
   */
  dismissAll(providerId: string): void {
    for (const completer of this._completers) {
      if (completer.current?.provider.identifier === providerId) {
        completer.model?.reset();
      }
    }
  }

  /**
   * Remove the suggestion that can be seen, of any provider.
   *
   * @returns Whether there was one.
   */
  dismissVisible(): boolean {
    const completer = this.visible();
    if (completer) {
      this._dismissed.emit(completer);
      completer.model?.reset();
    }
    return completer !== null;
  }

  /**
   * The completer whose suggestion can be seen: that of the editor with the
   * focus.
   */
  visible(): InlineCompleter | null {
    for (const completer of this._completers) {
      if (completer.isActive) {
        return completer;
      }
    }
    return null;
  }

  /**
   * Report that a part of a suggestion was accepted without Lab's help.
   *
   * @param text - The part; nothing is reported if it is empty.
   */
  notifyAccepted(
    completer: InlineCompleter,
    part: 'line' | 'word',
    text: string
  ): void {
    if (text !== '') {
      this._partAccepted.emit({ completer, part, text });
    }
  }

  /** Emitted when a part of a suggestion was accepted. */
  get partAccepted(): ISignal<this, InlineCompleters.IPart> {
    return this._partAccepted;
  }

  /** Emitted before the visible suggestion is dismissed by the user. */
  get dismissed(): ISignal<this, InlineCompleter> {
    return this._dismissed;
  }

  /** Emitted when Lab creates a completer. */
  get created(): ISignal<this, InlineCompleter> {
    return this._created;
  }

  private _completers = new Set<InlineCompleter>();
  private _created = new Signal<this, InlineCompleter>(this);
  private _dismissed = new Signal<this, InlineCompleter>(this);
  private _partAccepted = new Signal<this, InlineCompleters.IPart>(this);
}

/**
 * A namespace for `InlineCompleters` statics.
 */
export namespace InlineCompleters {
  /** A part of a suggestion that was accepted. */
  export interface IPart {
    completer: InlineCompleter;
    part: 'line' | 'word';
    text: string;
  }
}
