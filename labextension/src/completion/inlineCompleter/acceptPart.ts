import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { InlineCompleter } from '@jupyterlab/completer';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandToolbarButton } from '@jupyterlab/ui-components';

import { InlineCompleters } from './inlineCompleters';
import { asUndoStep } from './undoStep';

/** What one key accepts of a suggestion. */
export type Part = 'line' | 'word';

/** The commands; their keys are in `schema/completion.json`. */
export const COMMAND_IDS: Record<Part, string> = {
  line: 'safecoder:accept-line',
  word: 'safecoder:accept-word'
};

/**
 * The beginning of a suggestion.
 *
 * #### Notes
 * Both parts have the white space before them: a suggestion that begins at the
 * end of a line begins with the line break. A word is a run of letters, digits
 * and underscores, or of other characters, with the marks that belong to them.
 *
 * `jupyter_safecoder/evaluation/replay/typist.py` has the same parts.
 */
export function firstPart(suggestion: string, part: Part): string {
  const match = Private.PARTS[part].exec(suggestion);
  return match ? match[0].trimEnd() : '';
}

/**
 * Insert the first part of a suggestion; the rest stays.
 *
 * @returns The part; empty if Lab accepted the whole suggestion.
 */
export function acceptPart(completer: InlineCompleter, part: Part): string {
  const { current, editor } = completer;
  if (!current || !editor) {
    return '';
  }
  const text = firstPart(current.insertText, part);
  if (text === '' || text === current.insertText) {
    completer.accept();
    return '';
  } else {
    // In one transaction, as Lab's own `accept` does: between the change and the
    // move of `replaceSelection`, the cursor would be before the text.
    const { editor: view } = editor as Private.ICodeMirrorEditor;
    const from = editor.getOffsetAt(editor.getCursorPosition());
    asUndoStep(editor, () =>
      view.dispatch({
        changes: { from, insert: text },
        selection: { anchor: from + text.length },
        userEvent: 'input.complete'
      })
    );
    return text;
  }
}

/**
 * Add the commands that accept a part, with buttons beside each suggestion.
 *
 * @param app - The application.
 * @param completers - Lab's completers.
 * @param palette - Gets the commands too, if there is one.
 * @param trans - Translates labels.
 */
export function addAcceptCommands(
  app: JupyterFrontEnd,
  completers: InlineCompleters,
  palette: ICommandPalette | null,
  trans: TranslationBundle
): void {
  const { commands } = app;
  const texts: Record<Part, { label: string; caption: string }> = {
    word: {
      label: trans.__('Word'),
      caption: trans.__('Accept the next word of the suggestion')
    },
    line: {
      label: trans.__('Line'),
      caption: trans.__('Accept the next line of the suggestion')
    }
  };
  for (const part of ['word', 'line'] as const) {
    const id = COMMAND_IDS[part];
    const { label, caption } = texts[part];
    commands.addCommand(id, {
      label: args => (args.isPalette ? `SafeCoder: ${caption}` : label),
      caption,
      describedBy: { args: { type: 'object', properties: {} } },
      // Not isEnabled: the buttons would keep the state that they are made in.
      execute: () => {
        const completer = completers.visible();
        if (completer) {
          completers.notifyAccepted(
            completer,
            part,
            acceptPart(completer, part)
          );
        }
      }
    });
    palette?.addItem({
      command: id,
      category: 'SafeCoder',
      args: { isPalette: true }
    });
  }
  completers.created.connect((_, completer) => {
    for (const part of ['word', 'line'] as const) {
      const id = COMMAND_IDS[part];
      const button = new CommandToolbarButton({ commands, id, ...texts[part] });
      completer.toolbar.addItem(id, button);
    }
  });
}

namespace Private {
  /** The part of Lab's `CodeMirrorEditor` that is used. */
  export interface ICodeMirrorEditor extends CodeEditor.IEditor {
    editor: {
      dispatch(transaction: {
        changes: { from: number; insert: string };
        selection: { anchor: number };
        userEvent: string;
      }): void;
    };
  }

  export const PARTS: Record<Part, RegExp> = {
    line: /^\s*[^\n]*/,
    word: /^\s*(?:[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*|(?:[^\p{L}\p{N}_\s]\p{M}*)+)/u
  };
}
