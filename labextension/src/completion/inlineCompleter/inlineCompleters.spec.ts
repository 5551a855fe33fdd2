import { CodeEditor } from '@jupyterlab/codeeditor';
import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { Signal } from '@lumino/signaling';

import { InlineCompleters } from './inlineCompleters';

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

describe('InlineCompleters', () => {
  let create: (completer: FakeCompleter) => InlineCompleter;
  let completers: InlineCompleters;

  beforeEach(() => {
    completers = new InlineCompleters();
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
    completers.install(manager, labFactory);
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
    completers.dismiss(editor);
    expect(completer.model.reset).toHaveBeenCalledTimes(1);
    expect(other.model.reset).not.toHaveBeenCalled();
  });

  it('resets only completers that show a suggestion of the provider', () => {
    const created = [
      new FakeCompleter({}, 'ours'),
      new FakeCompleter({}, 'other'),
      new FakeCompleter({}, null),
      new FakeCompleter({}, 'ours')
    ];
    created.forEach(create);
    completers.dismissAll('ours');
    expect(created.map(({ model }) => model.reset.mock.calls.length)).toEqual([
      1, 0, 0, 1
    ]);
  });

  it('announces the completers', () => {
    const created: object[] = [];
    completers.created.connect((_, completer) => created.push(completer));
    const completer = new FakeCompleter({}, null);
    create(completer);
    expect(created).toEqual([completer]);
  });

  it('resets only the completer whose suggestion can be seen', () => {
    const visible = new FakeCompleter({}, 'other', true);
    const hidden = new FakeCompleter({}, 'ours');
    create(hidden);
    expect(completers.dismissVisible()).toBe(false);
    create(visible);
    expect(completers.dismissVisible()).toBe(true);
    expect(visible.model.reset).toHaveBeenCalledTimes(1);
    expect(hidden.model.reset).not.toHaveBeenCalled();
  });

  it('does not hold disposed completers', () => {
    const editor = {} as CodeEditor.IEditor;
    const completer = new FakeCompleter(editor, 'ours');
    create(completer);
    completer.disposed.emit();
    completers.dismiss(editor);
    completers.dismissAll('ours');
    expect(completer.model.reset).not.toHaveBeenCalled();
  });

  it('does nothing in a Lab that has no such factory', () => {
    const manager = {} as ICompletionProviderManager;
    const factory = {} as IInlineCompleterFactory;
    expect(() =>
      new InlineCompleters().install(manager, factory)
    ).not.toThrow();
  });
});
