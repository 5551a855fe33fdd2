import { ICodeCellModel } from '@jupyterlab/cells';

/** Maximum number of characters of one output. */
export const OUTPUT_BUDGET = 1_000;

const WIDGET = 'application/vnd.jupyter.widget-view+json';

/** An output that has text, and its rank: a lower one tells more. */
interface IRankedText {
  rank: number;
  text: string;
}

/**
 * The text of the output of a cell that tells most; empty if none has text.
 *
 * @param cell - The cell.
 *
 * #### Notes
 * An error tells more than a result, and that more than what is displayed or
 * printed, of which the first counts; standard error and objects that have no
 * text of their own are last.
 * The runtime cleans the text: see `jupyter_safecoder/outputs.py`.
 */
export function usefulOutput(cell: ICodeCellModel): string {
  let found: IRankedText | null = null;
  for (let index = 0; index < cell.outputs.length; index++) {
    const output = cell.outputs.get(index).toJSON() as IOutput;
    const text = textOf(output);
    if (text.trim() === '') {
      continue;
    }
    const rank = rankOf(output, text);
    if (found === null || rank < found.rank) {
      found = { rank, text };
    }
  }
  return found?.text ?? '';
}

/** The fields of an output of nbformat 4 that are read. */
interface IOutput {
  output_type: string;
  name?: unknown;
  text?: unknown;
  data?: { [mime: string]: unknown };
  traceback?: unknown;
}

/** The text of an output; the message of an error is at its end. */
function textOf(output: IOutput): string {
  if (output.output_type === 'error') {
    const lines = output.traceback;
    return Array.isArray(lines) ? lines.join('\n').slice(-OUTPUT_BUDGET) : '';
  }
  const { data } = output;
  const value =
    output.output_type === 'stream'
      ? output.text
      : data && !(WIDGET in data)
        ? data['text/plain']
        : '';
  const text = Array.isArray(value) ? value.join('') : value;
  return typeof text === 'string' ? text.slice(0, OUTPUT_BUDGET) : '';
}

function rankOf(output: IOutput, text: string): number {
  // <Figure size 640x480 with 1 Axes>, [<Line2D at 0x7f…>], a progress bar.
  if (/^\s*[[(]*<[^<>\n]*>[\])]*\s*$|^[^\n|]*\d%\|[^\n]*\s*$/.test(text)) {
    return 4;
  }
  switch (output.output_type) {
    case 'error':
      return 0;
    case 'execute_result':
      return 1;
    default:
      return output.name === 'stderr' ? 3 : 2;
  }
}
