import { InlineCompleter } from '@jupyterlab/completer';
import { TranslationBundle } from '@jupyterlab/translation';

import { InlineCompleters } from '../completion/inlineCompleter/inlineCompleters';
import { describeSources } from './describe';
import { ISuggestionSources } from './tokens';

/**
 * Shows where a suggestion is from, in the box that Lab shows beside it.
 */
export class HoverLabel {
  /**
   * @param completers - Lab's completers.
   * @param sources - Where suggestions are from.
   * @param trans - Translates the label.
   */
  constructor(
    completers: InlineCompleters,
    sources: ISuggestionSources,
    trans: TranslationBundle
  ) {
    this._sources = sources;
    this._trans = trans;
    completers.created.connect((_, completer) => this._connect(completer));
  }

  private _connect(completer: InlineCompleter): void {
    const label = document.createElement('div');
    label.className = 'jp-SafeCoder-source';
    label.hidden = true;
    completer.node.append(label);
    completer.model?.suggestionsChanged.connect(() => {
      const text = completer.current?.insertText ?? '';
      const found = text === '' ? [] : this._sources.of(text);
      // As text: names of files are never parsed as HTML.
      label.textContent = describeSources(found, this._trans);
      label.hidden = found.length === 0;
      if (found.length > 0) {
        this._sources.onShown(found);
      }
    });
  }

  private _sources: ISuggestionSources;
  private _trans: TranslationBundle;
}
