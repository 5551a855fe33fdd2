import { CompletionHandler, InlineCompleter } from '@jupyterlab/completer';
import { ISignal, Signal } from '@lumino/signaling';

import { InlineCompleters } from './inlineCompleters';
import { SafeCoderProvider } from '../provider';

/**
 * Other suggestions than the most probable one, when the user asks for the next
 * or the previous one.
 *
 * #### Notes
 * Lab cycles through the suggestions that it has, and we have one. So the first
 * time that the user cycles, the model computes others.
 */
export class Alternatives {
  /**
   * @param completers - Lab's completers.
   * @param provider - Requests the other suggestions.
   */
  constructor(completers: InlineCompleters, provider: SafeCoderProvider) {
    this._provider = provider;
    completers.created.connect((_, completer) => this._connect(completer));
  }

  /** Emitted when another suggestion is shown. */
  get cycled(): ISignal<this, void> {
    return this._cycled;
  }

  private _connect(completer: InlineCompleter): void {
    const cycle = completer.cycle.bind(completer);
    completer.cycle = direction => {
      void this._load(completer).then(() => {
        const before = completer.current;
        cycle(direction);
        const { current } = completer;
        if (current && current !== before) {
          this._provider.choose(current.insertText);
          this._cycled.emit();
        }
      });
    };
  }

  /** Add the other suggestions, once for each suggestion. */
  private async _load(completer: InlineCompleter): Promise<void> {
    const { current, model } = completer;
    const items = model?.completions?.items;
    if (
      !current ||
      items?.length !== 1 ||
      current.provider.identifier !== this._provider.identifier ||
      this._loaded.has(current)
    ) {
      return;
    }
    this._loaded.add(current);
    const texts = await this._provider.alternatives(current.insertText);
    if (texts.length > 0 && completer.current === current) {
      model?.appendCompletions({
        items: texts.map(text => Private.newItem(current, text))
      });
    }
  }

  private _cycled = new Signal<this, void>(this);
  private _loaded = new WeakSet<CompletionHandler.IInlineItem>();
  private _provider: SafeCoderProvider;
}

namespace Private {
  /** Another suggestion of the same provider. */
  export function newItem(
    like: CompletionHandler.IInlineItem,
    insertText: string
  ): CompletionHandler.IInlineItem {
    const { provider } = like;
    const item = { insertText, provider, streaming: false };
    return Object.assign(item, { stream: new Signal(item) as never });
  }
}
