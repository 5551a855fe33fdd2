import { TranslationBundle } from '@jupyterlab/translation';

import { describeSource } from '../attribution/describe';
import { ISuggestionSources } from '../attribution/tokens';
import { Section, createText } from './section';

/**
 * Where the last suggestion that is in an index of code is from.
 */
export class SourcesSection extends Section {
  /**
   * @param sources - Where suggestions are from.
   * @param trans - Translates texts.
   */
  constructor(sources: ISuggestionSources, trans: TranslationBundle) {
    super('sources', trans.__('Source of the last match'));
    this._sources = sources;
    this._trans = trans;
  }

  /** Show the present sources. */
  render(): void {
    const { last } = this._sources;
    this.show(last, () => {
      if (last.length === 0) {
        return [
          createText(
            this._trans.__('No suggestion was in an index of code yet.')
          )
        ];
      }
      const list = document.createElement('ul');
      for (const source of last) {
        const item = document.createElement('li');
        item.textContent = describeSource(source, this._trans);
        list.append(item);
      }
      return [list];
    });
  }

  private _sources: ISuggestionSources;
  private _trans: TranslationBundle;
}
