import { NotebookPanel } from '@jupyterlab/notebook';

import { DocumentContext } from './context';

/**
 * The contexts of the open notebooks.
 */
export class DocumentContexts {
  /**
   * The context of a notebook; it is invalidated as the cells change.
   */
  of(panel: NotebookPanel): DocumentContext {
    let context = this._contexts.get(panel);
    if (!context) {
      context = connectContext(panel);
      this._contexts.set(panel, context);
    }
    return context;
  }

  private _contexts = new WeakMap<NotebookPanel, DocumentContext>();
}

/** Create the context of a notebook, and invalidate it as its cells change. */
function connectContext(panel: NotebookPanel): DocumentContext {
  const context = new DocumentContext();
  const connect = (): void => {
    panel.content.model?.cells.changed.connect(context.invalidate, context);
  };
  connect();
  panel.content.modelChanged.connect(() => {
    context.dispose();
    connect();
  });
  panel.disposed.connect(() => context.dispose());
  return context;
}
