import { CodeEditor } from '@jupyterlab/codeeditor';

/** The members of an editor that are used. */
export class FakeEditor {
  constructor(public text = '') {}

  cursor = { line: 0, column: 0 };
  hasFocus = jest.fn(() => true);
  isDisposed = false;
  selection: { line: number; column: number } | null = null;
  isReadOnly = false;
  readonly model = {
    mimeType: 'text/x-ipython',
    sharedModel: { getSource: () => this.text }
  };

  getCursorPosition(): CodeEditor.IPosition {
    return this.cursor;
  }

  getLine(line: number): string | undefined {
    return this.text.split('\n')[line];
  }

  getOption(name: string): unknown {
    return name === 'readOnly' && this.isReadOnly;
  }

  getOffsetAt(position: CodeEditor.IPosition): number {
    const lines = this.text.split('\n').slice(0, position.line);
    return lines.join('\n').length + (lines.length && 1) + position.column;
  }

  cursors = 1;

  getSelections(): CodeEditor.IRange[] {
    return Array.from({ length: this.cursors }, () => this.getSelection());
  }

  getSelection(): CodeEditor.IRange {
    return { start: this.selection ?? this.cursor, end: this.cursor };
  }
}
