import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { Signal } from '@lumino/signaling';

import { SuggestionDismisser } from './dismiss';

/** The members of Lab's completer that are used. */
class FakeCompleter {
  constructor(
    readonly editor: object,
    providerId: string | null,
    readonly isActive = false
  ) {
    this.current =
      providerId === null ? null : { provider: { identifier: providerId } };
  }

  readonly current: object | null;
  readonly disposed = new Signal<this, void>(this);
  readonly model = { reset: jest.fn() };
}

describe('SuggestionDismisser', () => {
  let create: (completer: FakeCompleter) => InlineCompleter;
  let dismisser: SuggestionDismisser;

  beforeEach(() => {
    dismisser = new SuggestionDismisser();
    let installed: IInlineCompleterFactory;
    const manager = {
      setInlineCompleterFactory: (factory: IInlineCompleterFactory) => {
        installed = factory;
      }
    } as ICompletionProviderManager;
    // Lab's factory; here the options are the completer itself.
    const labFactory = {
      factory: (options: unknown) => options
    } as IInlineCompleterFactory;
    dismisser.install(manager, labFactory);
    create = completer =>
      installed.factory(completer as unknown as InlineCompleter.IOptions);
  });

  it('returns the completers of the original factory', () => {
    const completer = new FakeCompleter({}, null);
    expect(create(completer)).toBe(completer);
  });

  it('resets the completer of an editor only', () => {
    const editor = {} as CodeEditor.IEditor;
    const completer = new FakeCompleter(editor, null);
    const other = new FakeCompleter({}, null);
    [completer, other].forEach(create);
    dismisser.dismiss(editor);
    expect(completer.model.reset).toHaveBeenCalledTimes(1);
    expect(other.model.reset).not.toHaveBeenCalled();
  });

  it('resets only completers that show a suggestion of the provider', () => {
    const completers = [
      new FakeCompleter({}, 'ours'),
      new FakeCompleter({}, 'other'),
      new FakeCompleter({}, null),
      new FakeCompleter({}, 'ours')
    ];
    completers.forEach(create);
    dismisser.dismissAll('ours');
    expect(
      completers.map(({ model }) => model.reset.mock.calls.length)
    ).toEqual([1, 0, 0, 1]);
  });

  it('resets only completers whose suggestion can be seen', () => {
    const visible = new FakeCompleter({}, 'other', true);
    const hidden = new FakeCompleter({}, 'ours');
    create(hidden);
    expect(dismisser.dismissVisible()).toBe(false);
    create(visible);
    expect(dismisser.dismissVisible()).toBe(true);
    expect(visible.model.reset).toHaveBeenCalledTimes(1);
    expect(hidden.model.reset).not.toHaveBeenCalled();
  });

  it('does not hold disposed completers', () => {
    const editor = {} as CodeEditor.IEditor;
    const completer = new FakeCompleter(editor, 'ours');
    create(completer);
    completer.disposed.emit();
    dismisser.dismiss(editor);
    dismisser.dismissAll('ours');
    expect(completer.model.reset).not.toHaveBeenCalled();
  });

  it('does nothing in a Lab that has no such factory', () => {
    const manager = {} as ICompletionProviderManager;
    const factory = {} as IInlineCompleterFactory;
    expect(() =>
      new SuggestionDismisser().install(manager, factory)
    ).not.toThrow();
  });
});
