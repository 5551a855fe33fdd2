import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';

/**
 * Removes suggestions that Lab shows.
 *
 * Lab's provider interface cannot withdraw a suggestion, and an empty
 * suggestion would still capture the Tab key. So this class remembers the
 * completers that Lab creates and resets their models.
 */
export class SuggestionDismisser {
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
   * Remove the suggestions that can be seen, whoever provides them.
   *
   * @returns Whether there were any.
   */
  dismissVisible(): boolean {
    const visible = [...this._completers].filter(({ isActive }) => isActive);
    visible.forEach(({ model }) => model?.reset());
    return visible.length > 0;
  }

  private _completers = new Set<InlineCompleter>();
}
