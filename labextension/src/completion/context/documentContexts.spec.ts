import { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { DocumentContexts } from './documentContexts';

/** The members of a notebook panel that are used. */
function fakePanel(metadata: { [key: string]: unknown } = {}): NotebookPanel {
  const model = {
    cells: { changed: new Signal<object, void>({}) },
    getMetadata: (key: string) => metadata[key]
  };
  return {
    content: { model, modelChanged: new Signal<object, void>({}) },
    disposed: new Signal<object, void>({})
  } as unknown as NotebookPanel;
}

describe('DocumentContexts', () => {
  it('has one context for each notebook', () => {
    const contexts = new DocumentContexts();
    const [one, other] = [fakePanel(), fakePanel()];
    expect(contexts.of(one)).toBe(contexts.of(one));
    expect(contexts.of(one)).not.toBe(contexts.of(other));
  });

  it('disposes of the context with the notebook', () => {
    const panel = fakePanel();
    const dispose = jest.spyOn(new DocumentContexts().of(panel), 'dispose');
    (panel.disposed as Signal<object, void>).emit();
    expect(dispose).toHaveBeenCalled();
  });
});
