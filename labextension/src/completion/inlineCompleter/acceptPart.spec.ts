import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import {
  IInlineCompleterFactory,
  InlineCompleter
} from '@jupyterlab/completer';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { trans } from '../../testing/fakes';
import { COMMAND_IDS, addAcceptCommands, firstPart } from './acceptPart';
import { InlineCompleters } from './inlineCompleters';

describe('firstPart', () => {
  it.each([
    ['import numpy as np', 'import', 'import numpy as np'],
    [' numpy as np\nx', ' numpy', ' numpy as np'],
    ['.sum(axis=1)', '.', '.sum(axis=1)'],
    ['(\n    a,\n)', '(', '('],
    ['\n    return x\ny', '\n    return', '\n    return x'],
    ['größe_1 = 2', 'größe_1', 'größe_1 = 2'],
    ['x   \ny', 'x', 'x'],
    ["❤️👩\u200d👧 = '", '❤️👩\u200d👧', "❤️👩\u200d👧 = '"],
    ['e\u0301t\u0301 = 1', 'e\u0301t\u0301', 'e\u0301t\u0301 = 1'],
    ['你好, x', '你好', '你好, x'],
    ['नमस्ते(x)', 'नमस्ते', 'नमस्ते(x)'],
    ['  ', '', ''],
    ['', '', '']
  ])('%j: %j, %j', (suggestion, word, line) => {
    expect(firstPart(suggestion, 'word')).toBe(word);
    expect(firstPart(suggestion, 'line')).toBe(line);
  });
});

describe('addAcceptCommands', () => {
  let accept: jest.Mock;
  let commands: CommandRegistry;
  let completer: { current: object | null; editor: object | null };
  let transactions: object[];
  let isActive: boolean;
  let palette: jest.Mock;
  let toolbar: jest.Mock;

  beforeEach(() => {
    accept = jest.fn();
    commands = new CommandRegistry();
    transactions = [];
    isActive = true;
    palette = jest.fn();
    toolbar = jest.fn();
    const completers = new InlineCompleters();
    addAcceptCommands(
      { commands } as unknown as JupyterFrontEnd,
      completers,
      { addItem: palette } as unknown as ICommandPalette,
      trans
    );
    let installed: IInlineCompleterFactory;
    completers.install(
      {
        setInlineCompleterFactory: (factory: IInlineCompleterFactory) => {
          installed = factory;
        }
      } as never,
      { factory: options => options as unknown as InlineCompleter }
    );
    completer = {
      accept,
      current: { insertText: ' = 1\ny' },
      disposed: new Signal({}),
      editor: {
        editor: {
          dispatch: (transaction: object) => transactions.push(transaction)
        },
        getCursorPosition: () => ({ line: 2, column: 3 }),
        getOffsetAt: () => 10,
        model: { sharedModel: {} }
      },
      get isActive() {
        return isActive;
      },
      toolbar: { addItem: toolbar }
    } as unknown as typeof completer;
    installed!.factory(completer as unknown as InlineCompleter.IOptions);
  });

  it('inserts the first word or line', async () => {
    await commands.execute(COMMAND_IDS.word);
    await commands.execute(COMMAND_IDS.line);
    expect(transactions).toEqual(
      [' =', ' = 1'].map(insert => ({
        changes: { from: 10, insert },
        selection: { anchor: 10 + insert.length },
        userEvent: 'input.complete'
      }))
    );
    expect(accept).not.toHaveBeenCalled();
  });

  it.each(['y', '\n'])('lets Lab accept all of %j', async insertText => {
    completer.current = { insertText };
    await commands.execute(COMMAND_IDS.word);
    expect(accept).toHaveBeenCalledTimes(1);
    expect(transactions).toEqual([]);
  });

  it('does nothing without a suggestion, with a button that stays enabled', async () => {
    isActive = false;
    expect(commands.isEnabled(COMMAND_IDS.line)).toBe(true);
    await commands.execute(COMMAND_IDS.line);
    isActive = true;
    completer.editor = null;
    await commands.execute(COMMAND_IDS.line);
    expect([transactions, accept.mock.calls]).toEqual([[], []]);
  });

  it('is in the palette and beside each suggestion', () => {
    expect(palette).toHaveBeenCalledTimes(2);
    expect(toolbar.mock.calls.map(([name]) => name)).toEqual([
      COMMAND_IDS.word,
      COMMAND_IDS.line
    ]);
    expect(commands.label(COMMAND_IDS.word)).toBe('Word');
    expect(commands.label(COMMAND_IDS.word, { isPalette: true })).toMatch(
      'SafeCoder: Accept the next word'
    );
  });
});
