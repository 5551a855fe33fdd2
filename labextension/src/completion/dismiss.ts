import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';

/**
 * Be able to remove a suggestion that Lab shows.
 *
 * The interface of providers has no way to take a suggestion back, and an empty
 * one would leave Tab swallowed. So the completers that Lab makes are
 * remembered, and the model of the right one is reset.
 */
export class Dismisser {
  /**
   * Let Lab make its completers through us.
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
   * Remove what is shown in an editor.
   */
  dismiss(editor: CodeEditor.IEditor): void {
    for (const completer of this._completers) {
      if (completer.editor === editor) {
        completer.model?.reset();
      }
    }
  }

  /**
   * Remove everything that is shown and came from a provider.
   */
  dismissAll(providerId: string): void {
    for (const completer of this._completers) {
      if (completer.current?.provider.identifier === providerId) {
        completer.model?.reset();
      }
    }
  }

  private _completers = new Set<InlineCompleter>();
}
