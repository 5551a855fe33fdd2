import { TranslationBundle } from '@jupyterlab/translation';

import { IAbout, IPlace } from '../protocol';
import { Section, createFacts, createText } from './section';

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
   * @param places - Every place that data could go to; `null`: not known yet.
   */
  render(about: IAbout | null, places: readonly IPlace[] | null): void {
    if (about === null) {
      return;
    }
    this.show([about, places], () => {
      const list = document.createElement('ul');
      for (const fact of this._facts(about)) {
        const item = document.createElement('li');
        item.textContent = fact;
        list.append(item);
      }
      return places === null ? [list] : [list, ...this._places(places)];
    });
  }

  /** What sends to another machine, and behind a summary all places. */
  private _places(places: readonly IPlace[]): HTMLElement[] {
    const { _trans: trans } = this;
    const leaving = places.filter(({ safe }) => !safe);
    const details = document.createElement('details');
    const summary = document.createElement('summary');
    summary.textContent = trans.__(
      'Places that data could go to: %1, other machines: %2',
      places.length,
      leaving.length
    );
    const rest = places.filter(({ safe }) => safe);
    details.append(summary, createFacts(rest.map(placeFact)));
    return [
      ...(leaving.length === 0
        ? []
        : [
            createText(trans.__('What sends to another machine:')),
            createFacts(leaving.map(placeFact))
          ]),
      details
    ];
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

/** A place as a name and what it is; of one that sends, also how to change it. */
function placeFact({
  change,
  id,
  safe,
  sends,
  state,
  to
}: IPlace): [string, string] {
  const where = to === '' ? '' : ` (${to})`;
  const rest = safe ? '' : ` ${sends} ${change}`;
  return [id, `${state}${where}${rest}`];
}
