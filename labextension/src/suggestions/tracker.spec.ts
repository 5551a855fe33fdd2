import {
  ICompletionProviderManager,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { Signal } from '@lumino/signaling';

import { InlineCompleters } from '../completion/inlineCompleter/inlineCompleters';
import { ICompletionTarget } from '../completion/editor/target';
import { SuggestionEvents } from './events';
import { KEPT_AFTER_MS } from './keptText';
import { ISuggestionEvent } from './tokens';
import { SuggestionTracker } from './tracker';

/** A completer with an editor of one text, as far as the tracker uses them. */
class FakeCompleter {
  constructor(readonly changedSource: Signal<object, object>) {}

  text = '';
  suggestion = '';
  provider = 'jupyter-safecoder';
  isDisposed = false;
  accepted = 0;
  readonly disposed = new Signal<object, void>({});
  readonly model = {
    reset: () => undefined,
    suggestionsChanged: new Signal<object, void>({})
  };
  readonly isActive = true;
  readonly editor = {
    getCursorPosition: () => {
      const lines = this.text.split('\n');
      const line = lines.length - 1;
      return { line, column: lines[line].length };
    },
    getLine: (line: number) => this.text.split('\n')[line],
    getOffsetAt: () => this.text.length,
    model: { isDisposed: false, sharedModel: { changed: this.changedSource } }
  };

  get current(): object | null {
    return this.suggestion === ''
      ? null
      : {
          insertText: this.suggestion,
          provider: { identifier: this.provider }
        };
  }

  accept(): void {
    this.accepted++;
    this.text += this.suggestion;
    this.suggestion = '';
  }

  /** Show a suggestion at the end of a text. */
  show(text: string, suggestion: string): void {
    this.text = text;
    this.suggestion = suggestion;
    this.model.suggestionsChanged.emit();
  }
}

describe('SuggestionTracker', () => {
  let changedSource: Signal<object, object>;
  let completer: FakeCompleter;
  let completers: InlineCompleters;
  let seen: ISuggestionEvent[];
  let target: ICompletionTarget;
  let tracker: SuggestionTracker;

  const kinds = (): string[] => seen.map(({ event }) => event);

  beforeEach(() => {
    jest.useFakeTimers();
    changedSource = new Signal({});
    completer = new FakeCompleter(changedSource);
    completers = new InlineCompleters();
    const events = new SuggestionEvents();
    seen = [];
    events.emitted.connect((_, event) => void seen.push(event));
    tracker = new SuggestionTracker({
      completers,
      events,
      model: () => 'smol',
      providerId: 'jupyter-safecoder'
    });
    let installed: IInlineCompleterFactory;
    completers.install(
      {
        setInlineCompleterFactory: (factory: IInlineCompleterFactory) => {
          installed = factory;
        }
      } as unknown as ICompletionProviderManager,
      { factory: options => options as unknown as InlineCompleter }
    );
    installed!.factory(completer as unknown as InlineCompleter.IOptions);
    target = { kind: 'notebook', language: 'python' } as ICompletionTarget;
    tracker.onFetch(target);
  });

  afterEach(() => jest.useRealTimers());

  it('emits a suggestion with its size, time and names', () => {
    jest.advanceTimersByTime(80);
    completer.show('x = ', '1 + 2');
    expect(seen).toEqual([
      {
        event: 'shown',
        characters: 5,
        latency_ms: 80,
        document: 'notebook',
        language: 'python',
        model: 'smol'
      }
    ]);
  });

  it.each(['two words', '', 'x'.repeat(33), 'import os\nos.remove()'])(
    'emits no text as the name of a language: %j',
    language => {
      tracker.onFetch({ ...target, language });
      completer.show('x = ', '1');
      expect(seen[0].language).toBe('other');
    }
  );

  it.each([
    ['typed along', 'x = 1', ' + 2'],
    ['grown', 'x = ', '1 + 2\ny'],
    ['typed along and grown', 'x = 1', ' + 2 + 3'],
    ['deleted a character of', 'x =', ' 1 + 2'],
    ['the same', 'x = ', '1 + 2']
  ])('emits a suggestion once that is %s', (_, text, suggestion) => {
    completer.show('x = ', '1 + 2');
    completer.show(text, suggestion);
    expect(kinds()).toEqual(['shown']);
  });

  it('emits a suggestion of several lines once', () => {
    completer.show('def f():', '\n    x = 1\n    return x');
    completer.show('def f():\n    ', 'x = 1\n    return x');
    completer.show('def f():\n    x = 1\n    ', 'return x');
    expect(kinds()).toEqual(['shown']);
    completer.show('def f():\n    x = 1\n    return x\n', 'f()');
    expect(kinds()).toEqual(['shown', 'shown']);
  });

  it.each([
    ['x = ', '3'],
    ['y', '.sum()']
  ])('emits another suggestion after %j', (text, suggestion) => {
    completer.show('x = ', '1 + 2');
    completer.show(text, suggestion);
    expect(kinds()).toEqual(['shown', 'shown']);
  });

  it('emits nothing for other providers, errors and cleared suggestions', () => {
    completer.show('x', '');
    completer.provider = 'history';
    completer.show('x', '= 1');
    completer.accept();
    completers.dismissVisible();
    expect(seen).toEqual([]);
  });

  it('emits nothing before the provider was called', () => {
    tracker.onFetch(null);
    completer.show('x = ', '1');
    completer.accept();
    expect(seen).toEqual([]);
    expect(completer.accepted).toBe(1);
  });

  it('emits what is accepted, and whether that is the first part', () => {
    completer.show('x = ', '1 + 2');
    completer.text += '1';
    completers.notifyAccepted(
      completer as unknown as InlineCompleter,
      'word',
      '1'
    );
    completer.show('x = 1', ' + 2');
    completer.accept();
    expect(completer.accepted).toBe(1);
    expect(completer.text).toBe('x = 1 + 2');
    const fields = seen
      .slice(1)
      .map(({ event, part, first, characters }) => [
        ...[event, part, first, characters]
      ]);
    expect(fields).toEqual([
      ['accepted', 'word', true, 1],
      ['accepted', 'all', false, 4]
    ]);
  });

  it('emits what was dismissed', () => {
    completer.show('x = ', '1 + 2');
    completers.dismissVisible();
    expect(seen[1]).toMatchObject({ event: 'dismissed', characters: 5 });
  });

  it('emits what was kept, with what is deleted left out', () => {
    completer.show('x = ', '1 + 2');
    completer.accept();
    changedSource.emit({ sourceChange: [{ retain: 7 }, { delete: 2 }] });
    jest.advanceTimersByTime(KEPT_AFTER_MS);
    expect(seen[2]).toMatchObject({
      event: 'kept',
      characters: 3,
      accepted_characters: 5
    });
  });

  it('does not know what was kept of a closed document', () => {
    completer.show('x = ', '1 + 2');
    completer.accept();
    completer.isDisposed = true;
    jest.advanceTimersByTime(KEPT_AFTER_MS);
    expect(kinds()).toEqual(['shown', 'accepted']);
  });

  it('watches a bounded number of texts', () => {
    for (let n = 0; n < 60; n++) {
      completer.show(`x${n} = `, '1 + 2');
      completer.accept();
    }
    jest.advanceTimersByTime(KEPT_AFTER_MS);
    expect(kinds().filter(kind => kind === 'kept')).toHaveLength(50);
  });
});
