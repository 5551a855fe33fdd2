import { ISignal, Signal } from '@lumino/signaling';

/**
 * How the user changes the text of an editor; `retract`: deletes while a
 * suggestion is shown.
 */
export type InputKind = 'compose' | 'delete' | 'retract' | 'type' | 'undo';

/**
 * Knows how the user has changed the text last.
 *
 * Lab tells a provider that the text is another one, and not why. A suggestion
 * disturbs who deletes, undoes, or composes a character with an input method.
 */
export class LastInput {
  /**
   * @param isShown - Whether a suggestion is shown.
   */
  constructor(isShown: () => boolean) {
    this._isShown = isShown;
  }

  /** What the user did last. */
  get kind(): InputKind {
    return this._kind;
  }

  /** Emitted when a composed text is complete. */
  get composed(): ISignal<this, void> {
    return this._composed;
  }

  /**
   * Listen to an element with all editors of the page.
   */
  connect(root: EventTarget): void {
    const types = [
      'beforeinput',
      'compositionstart',
      'compositionend',
      'keydown'
    ];
    for (const type of types) {
      root.addEventListener(type, this, true);
    }
  }

  /**
   * Handle an event of the page.
   */
  handleEvent(event: Event): void {
    switch (event.type) {
      case 'compositionstart':
        this._isComposing = true;
        this._kind = 'compose';
        break;
      case 'compositionend':
        this._isComposing = false;
        this._kind = 'type';
        this._composed.emit();
        break;
      case 'beforeinput':
        // Text that comes without a key: pasted, dictated, dropped.
        if (!this._isComposing) {
          const { inputType } = event as InputEvent;
          this._set(Private.kindOfInput(inputType));
        }
        break;
      default:
        if (!this._isComposing) {
          this._set(Private.kindOfKey(event as KeyboardEvent));
        }
    }
  }

  private _set(kind: InputKind): void {
    this._kind = kind === 'delete' && this._isShown() ? 'retract' : kind;
  }

  private _composed = new Signal<this, void>(this);
  private _isComposing = false;
  private _isShown: () => boolean;
  private _kind: InputKind = 'type';
}

namespace Private {
  export function kindOfInput(inputType: string): InputKind {
    return inputType.startsWith('delete')
      ? 'delete'
      : inputType.startsWith('history')
        ? 'undo'
        : 'type';
  }

  export function kindOfKey(event: KeyboardEvent): InputKind {
    const { altKey, ctrlKey, key, metaKey } = event;
    if (key === 'Backspace' || key === 'Delete') {
      return 'delete';
    }
    const isCommand = (ctrlKey || metaKey) && !altKey;
    const isUndo = isCommand && ['y', 'z'].includes(key.toLowerCase());
    return isUndo ? 'undo' : 'type';
  }
}
