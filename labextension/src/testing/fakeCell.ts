import { Signal } from '@lumino/signaling';

import { FakeEditor } from './fakeEditor';

/** The members of a notebook cell that finding a target uses. */
export class FakeCell {
  constructor(source: string, type = 'code') {
    this.editor = new FakeEditor(source);
    this.model = {
      contentChanged: new Signal(this),
      getMetadata: () => undefined,
      metadataChanged: new Signal(this),
      id: `id of ${source}`,
      outputs: { length: 0 },
      sharedModel: this.editor.model.sharedModel,
      type
    };
  }

  readonly editor: FakeEditor;
  readonly model: object;
}
