import {
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { Signal } from '@lumino/signaling';

import { ISuggestionSources } from '../../attribution/tokens';
import { IAttribution } from '../../protocol';
import { trans } from '../../testing/fakes';
import { ANNOUNCE_MS, Announcer } from './announcer';
import { InlineCompleters } from './inlineCompleters';

describe('Announcer', () => {
  let announcer: Announcer;
  let sources: IAttribution[];
  let completer: { current: { insertText: string } | null; isActive: boolean };
  let model: { suggestionsChanged: Signal<object, void> };

  beforeEach(() => {
    jest.useFakeTimers();
    const completers = new InlineCompleters();
    sources = [];
    announcer = new Announcer(completers, trans, {
      of: () => sources
    } as unknown as ISuggestionSources);
    let installed: IInlineCompleterFactory;
    completers.install(
      {
        setInlineCompleterFactory: (factory: IInlineCompleterFactory) => {
          installed = factory;
        }
      } as never,
      { factory: options => options as unknown as InlineCompleter }
    );
    model = { suggestionsChanged: new Signal<object, void>({}) };
    completer = {
      current: { insertText: '\n    return <b>x</b>' },
      disposed: new Signal({}),
      isActive: true,
      model
    } as unknown as typeof completer;
    installed!.factory(completer as unknown as InlineCompleter.IOptions);
  });

  afterEach(() => jest.useRealTimers());

  function change(): void {
    model.suggestionsChanged.emit();
    jest.advanceTimersByTime(ANNOUNCE_MS);
  }

  it('is a polite live region', () => {
    expect(announcer.node.getAttribute('role')).toBe('status');
    expect(announcer.node.getAttribute('aria-live')).toBe('polite');
  });

  it('announces a suggestion as text once it does not change any more', () => {
    model.suggestionsChanged.emit();
    jest.advanceTimersByTime(ANNOUNCE_MS - 1);
    expect(announcer.node.textContent).toBe('');
    jest.advanceTimersByTime(1);
    expect(announcer.node.textContent).toBe('Suggestion: return <b>x</b>');
    expect(announcer.node.children).toHaveLength(0);
  });

  it('announces where a suggestion is from', () => {
    sources = [
      {
        source: 'numpy',
        path: 'x.py',
        license: 'MIT',
        start: 0,
        end: 9,
        kind: 'verbatim'
      }
    ];
    change();
    expect(announcer.node.textContent).toMatch(/\nmatches numpy\/x.py, MIT$/);
  });

  it('is silent when the suggestion is gone', () => {
    change();
    completer.isActive = false;
    change();
    expect(announcer.node.textContent).toBe('');
  });

  it('is silent when it is switched off', () => {
    announcer.isEnabled = false;
    change();
    expect(announcer.node.textContent).toBe('');
  });
});
