import { InputKind, LastInput } from './lastInput';

describe('LastInput', () => {
  let input: LastInput;
  let isShown: boolean;
  let root: HTMLElement;

  beforeEach(() => {
    isShown = false;
    input = new LastInput(() => isShown);
    root = document.createElement('div');
    input.connect(root);
  });

  function press(key: string, init: KeyboardEventInit = {}): void {
    root.dispatchEvent(new KeyboardEvent('keydown', { key, ...init }));
  }

  function enter(inputType: string): void {
    root.dispatchEvent(new InputEvent('beforeinput', { inputType }));
  }

  it('is typing at first', () => {
    expect(input.kind).toBe('type');
  });

  it.each<[string, KeyboardEventInit, InputKind]>([
    ['Backspace', {}, 'delete'],
    ['Backspace', { ctrlKey: true }, 'delete'],
    ['Delete', {}, 'delete'],
    ['z', { ctrlKey: true }, 'undo'],
    ['Z', { metaKey: true, shiftKey: true }, 'undo'],
    ['y', { ctrlKey: true }, 'undo'],
    ['z', {}, 'type'],
    ['z', { ctrlKey: true, altKey: true }, 'type'],
    ['Enter', {}, 'type']
  ])('%s %j: %s', (key, init, kind) => {
    press(kind === 'delete' ? 'z' : 'Delete');
    press(key, init);
    expect(input.kind).toBe(kind);
  });

  it.each<[string, InputKind]>([
    ['insertText', 'type'],
    ['insertFromPaste', 'type'],
    ['deleteContentBackward', 'delete'],
    ['historyUndo', 'undo']
  ])('%s: %s, whatever the last key was', (inputType, kind) => {
    press(kind === 'delete' ? 'x' : 'Delete');
    enter(inputType);
    expect(input.kind).toBe(kind);
  });

  it.each(['Backspace', 'Delete', 'x'])(
    'deletes otherwise while a suggestion is shown: %s',
    key => {
      isShown = true;
      press(key);
      expect(input.kind).toBe(key === 'x' ? 'type' : 'retract');
      enter('deleteContentBackward');
      expect(input.kind).toBe('retract');
      isShown = false;
      press('Backspace');
      expect(input.kind).toBe('delete');
    }
  );

  it('is a composition from its start to its end', () => {
    let composed = 0;
    input.composed.connect(() => composed++);
    root.dispatchEvent(new Event('compositionstart'));
    press('n');
    enter('insertCompositionText');
    press('Backspace');
    expect([input.kind, composed]).toEqual(['compose', 0]);
    root.dispatchEvent(new Event('compositionend'));
    expect([input.kind, composed]).toEqual(['type', 1]);
  });
});
