import { TranslationBundle } from '@jupyterlab/translation';

import { IAbout } from '../protocol';
import { Section } from './section';

/**
 * What goes where.
 */
export class PrivacySection extends Section {
  /**
   * @param trans - Translates texts.
   */
  constructor(trans: TranslationBundle) {
    super('privacy', trans.__('Privacy'));
    this._trans = trans;
  }

  /**
   * Show the facts.
   *
   * @param about - Where text goes; `null`: not known yet.
   */
  render(about: IAbout | null): void {
    if (about === null) {
      return;
    }
    this.show(about, () => {
      const list = document.createElement('ul');
      for (const fact of this._facts(about)) {
        const item = document.createElement('li');
        item.textContent = fact;
        list.append(item);
      }
      return [list];
    });
  }

  private _facts({ address, counted, destination }: IAbout): string[] {
    const { _trans: trans } = this;
    const where = {
      local: trans.__(
        'Text goes to your Jupyter server and to a process of it, to no other machine.'
      ),
      hub: trans.__(
        'Text goes to your Jupyter server, and from there to the service of your JupyterHub: %1. Its administrator decides which machine computes.',
        address
      ),
      remote: trans.__(
        'Text goes to your Jupyter server, and from there to the inference server at %1.',
        address
      )
    };
    return [
      where[destination],
      trans.__(
        'What is sent: the text around the cursor, the cells above it and the first lines of their outputs, as the settings say.'
      ),
      trans.__('No text is stored: neither in files nor in logs.'),
      counted
        ? trans.__(
            'Your JupyterHub counts for your group how many suggestions are shown, taken and kept; without text and without your name.'
          )
        : trans.__('Nothing is reported to third parties.')
    ];
  }

  private _trans: TranslationBundle;
}
