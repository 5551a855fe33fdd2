import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { AskKernel } from './kernelApi';
import { NotebookKernel } from './notebookKernel';
import { ICellContext } from '../editor/target';

/**
 * The kernels of the open notebooks.
 */
export class NotebookKernels {
  /**
   * @param notebooks - The open notebooks.
   * @param ask - Asks a kernel.
   * @param isWanted - Whether the user wants the kernels' names in prompts.
   */
  constructor(
    notebooks: INotebookTracker | null,
    ask: AskKernel,
    isWanted: () => boolean
  ) {
    const add = (panel: NotebookPanel): void => {
      this._kernels.set(panel, new NotebookKernel(panel, ask, isWanted));
    };
    notebooks?.widgetAdded.connect((_, panel) => add(panel));
    notebooks?.forEach(add);
  }

  /**
   * Add the names of a notebook's kernel to the context of its active cell.
   *
   * @param panel - The notebook.
   * @param context - What else is context.
   * @param line - The line before the cursor.
   */
  extend(
    panel: NotebookPanel,
    context: ICellContext,
    line: string
  ): ICellContext {
    const kernel = this._kernels.get(panel);
    if (!kernel) {
      return context;
    }
    // Asks for the members of a module during the pause before the request.
    kernel.names(line);
    return {
      ...context,
      fingerprint: context.fingerprint + kernel.fingerprint,
      kernel: prefix => kernel.names(prefix)
    };
  }

  private _kernels = new WeakMap<NotebookPanel, NotebookKernel>();
}
