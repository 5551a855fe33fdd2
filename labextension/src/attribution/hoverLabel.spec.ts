import { Signal } from '@lumino/signaling';

import { InlineCompleters } from '../completion/inlineCompleter/inlineCompleters';
import { IAttribution } from '../protocol';
import { trans } from '../testing/fakes';
import { HoverLabel } from './hoverLabel';
import { ISuggestionSources } from './tokens';

const SOURCE: IAttribution = {
  source: '<b>numpy</b>',
  path: 'x.py',
  license: 'MIT',
  start: 0,
  end: 60,
  kind: 'verbatim'
};

describe('HoverLabel', () => {
  it('shows the source of the suggestion in its box, as text', () => {
    const completers = new InlineCompleters();
    const onShown = jest.fn();
    const sources = {
      onShown,
      of: (text: string) => (text === 'known' ? [SOURCE] : [])
    } as unknown as ISuggestionSources;
    new HoverLabel(completers, sources, trans);
    const suggestionsChanged = new Signal<object, void>({});
    const completer = {
      current: { insertText: 'known' } as { insertText: string } | null,
      disposed: new Signal({}),
      model: { suggestionsChanged },
      node: document.createElement('div')
    };
    completers.install(
      {
        setInlineCompleterFactory: (installed: {
          factory: (options: unknown) => unknown;
        }) => installed.factory({})
      } as never,
      { factory: () => completer as never }
    );
    const label = completer.node.firstElementChild as HTMLElement;
    expect(label.hidden).toBe(true);

    suggestionsChanged.emit();
    expect(label.hidden).toBe(false);
    expect(label.textContent).toBe('matches <b>numpy</b>/x.py, MIT');
    expect(label.children).toHaveLength(0);

    completer.current = { insertText: 'other' };
    suggestionsChanged.emit();
    expect(label.hidden).toBe(true);

    completer.current = null;
    suggestionsChanged.emit();
    expect(label.textContent).toBe('');
    expect(onShown.mock.calls).toEqual([[[SOURCE]]]);
  });
});
