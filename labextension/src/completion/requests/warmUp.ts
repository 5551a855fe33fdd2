import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';
import { Widget } from '@lumino/widgets';

/** How long, in ms, the user stays at a place before its prompt is computed. */
export const WARM_UP_MS = 300;

/**
 * Has the prompt of the place that the user has come to computed: a notebook
 * that was opened, a cell that was entered, a tab that is visible again.
 */
export class WarmUpTrigger {
  /**
   * @param options - What the trigger works with.
   */
  constructor(options: WarmUpTrigger.IOptions) {
    this._options = options;
  }

  /**
   * Listen to the page.
   */
  connect(page: Document): void {
    page.addEventListener('visibilitychange', () => {
      if (page.visibilityState === 'visible') {
        this.schedule();
      }
    });
  }

  /**
   * Note that the state of the model may have changed.
   */
  onStatus(): void {
    const isReady = this._options.isReady();
    if (isReady && !this._isReady) {
      this.schedule();
    }
    this._isReady = isReady;
  }

  /**
   * Note that the user has come to a place.
   */
  schedule(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._warm(), WARM_UP_MS);
  }

  private _warm(): void {
    const { currentWidget, isReady, warm } = this._options;
    const widget = currentWidget();
    if (widget && isReady()) {
      // The focus need not be in the editor yet.
      warm({ widget, triggerKind: InlineCompletionTriggerKind.Invoke });
    }
  }

  private _isReady = false;
  private _options: WarmUpTrigger.IOptions;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * A namespace for `WarmUpTrigger` statics.
 */
export namespace WarmUpTrigger {
  /** What the trigger works with. */
  export interface IOptions {
    /** The document that the user is in. */
    currentWidget: () => Widget | null;

    /** Whether the model can be used. */
    isReady: () => boolean;

    /** Have the prompt of a document computed. */
    warm: (context: IInlineCompletionContext) => void;
  }
}
