import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { AskKernel } from './kernelApi';
import { NotebookKernel } from './notebookKernel';

/**
 * The kernels of the open notebooks.
 */
export class NotebookKernels {
  /**
   * @param notebooks - The open notebooks.
   * @param ask - Asks a kernel.
   */
  constructor(notebooks: INotebookTracker | null, ask: AskKernel) {
    const add = (panel: NotebookPanel): void => {
      const kernel = new NotebookKernel(panel, ask);
      kernel.isEnabled = this._isEnabled;
      this._kernels.set(panel, kernel);
      panel.disposed.connect(() => this._kernels.delete(panel));
    };
    notebooks?.widgetAdded.connect((_, panel) => add(panel));
    notebooks?.forEach(add);
  }

  /** Whether kernels are asked; not before the user's settings are known. */
  get isEnabled(): boolean {
    return this._isEnabled;
  }
  set isEnabled(value: boolean) {
    this._isEnabled = value;
    for (const kernel of this._kernels.values()) {
      kernel.isEnabled = value;
    }
  }

  /** The kernel of a notebook. */
  get(panel: NotebookPanel): NotebookKernel | undefined {
    return this._kernels.get(panel);
  }

  private _isEnabled = false;
  private _kernels = new Map<NotebookPanel, NotebookKernel>();
}
