/**
 * Tests with Lab's own completer.
 */
import {
  CompletionHandler,
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { Signal } from '@lumino/signaling';

import { flushPromises, trans } from '../../testing/fakes';
import { Alternatives } from './alternatives';
import { InlineCompleters } from './inlineCompleters';
import { SafeCoderProvider } from '../provider';

describe('Alternatives', () => {
  let chosen: string[];
  let completer: InlineCompleter;
  let cycled: number;
  let found: string[];
  let requested: string[];

  function item(insertText: string, identifier: string): object {
    return {
      insertText,
      provider: { identifier, name: identifier },
      stream: new Signal({})
    };
  }

  function show(...items: object[]): void {
    completer.model!.setCompletions({
      items: items as CompletionHandler.IInlineItem[]
    });
  }

  beforeEach(() => {
    const completers = new InlineCompleters();
    chosen = [];
    cycled = 0;
    found = ['min(y)', 'len(y)'];
    requested = [];
    const provider = {
      identifier: 'jupyter-safecoder',
      alternatives: (shown: string) => {
        requested.push(shown);
        return Promise.resolve(found);
      },
      choose: (text: string) => void chosen.push(text)
    };
    const alternatives = new Alternatives(
      completers,
      provider as unknown as SafeCoderProvider
    );
    alternatives.cycled.connect(() => void cycled++);
    let installed: IInlineCompleterFactory;
    completers.install(
      {
        setInlineCompleterFactory: (factory: IInlineCompleterFactory) => {
          installed = factory;
        }
      } as never,
      {
        factory: options =>
          new InlineCompleter(options as InlineCompleter.IOptions)
      }
    );
    completer = installed!.factory({
      model: new InlineCompleter.Model(),
      trans
    } as unknown as InlineCompleter.IOptions);
  });

  async function cycle(direction: 'next' | 'previous'): Promise<void> {
    completer.cycle(direction);
    await flushPromises();
  }

  it('are requested once, and cycled through', async () => {
    show(item('max(y)', 'jupyter-safecoder'));
    for (const direction of ['next', 'next', 'next', 'previous'] as const) {
      await cycle(direction);
    }
    expect(requested).toEqual(['max(y)']);
    expect(chosen).toEqual(['min(y)', 'len(y)', 'max(y)', 'len(y)']);
    expect(completer.current?.insertText).toBe('len(y)');
    expect(completer.current?.provider.identifier).toBe('jupyter-safecoder');
    expect(cycled).toBe(4);
  });

  it('may be none', async () => {
    found = [];
    show(item('max(y)', 'jupyter-safecoder'));
    await cycle('next');
    await cycle('previous');
    expect([requested, chosen]).toEqual([['max(y)'], []]);
    expect(completer.current?.insertText).toBe('max(y)');
  });

  it('are those of this provider alone', async () => {
    show(item('a', 'history'));
    await cycle('next');
    show(item('a', 'jupyter-safecoder'), item('b', 'history'));
    await cycle('next');
    expect([requested, chosen]).toEqual([[], ['b']]);
    completer.model!.reset();
    await cycle('next');
    expect(requested).toEqual([]);
  });

  it('come too late for another suggestion', async () => {
    show(item('max(y)', 'jupyter-safecoder'));
    completer.cycle('next');
    show(item('other', 'jupyter-safecoder'));
    await flushPromises();
    expect(completer.model!.completions?.items).toHaveLength(1);
    expect(chosen).toEqual([]);
  });
});
