import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { cancelOnLeave } from './cancellation';
import { InlineCompleters } from './inlineCompleters';
import { SafeCoderProvider } from '../provider';

describe('cancelOnLeave', () => {
  // The listeners on the document cannot be removed: one call for all tests.
  const provider = { cancel: jest.fn(), refuse: jest.fn(), reset: jest.fn() };
  const completers = { dismissVisible: jest.fn(() => false) };
  const shell = { currentChanged: new Signal<object, object>({}) };
  const notebooks = {
    activeCellChanged: new Signal<object, object>({}),
    widgetAdded: new Signal<object, object>({})
  };

  beforeAll(() => {
    cancelOnLeave(
      { shell } as unknown as JupyterFrontEnd,
      notebooks as unknown as INotebookTracker,
      provider as unknown as SafeCoderProvider,
      completers as unknown as InlineCompleters
    );
  });

  beforeEach(() => jest.clearAllMocks());

  afterEach(() => document.body.replaceChildren());

  function addElement(className: string): HTMLElement {
    const editor = document.createElement('div');
    editor.className = className;
    const input = document.createElement('input');
    editor.appendChild(input);
    document.body.appendChild(editor);
    return input;
  }

  it('refuses at Escape, even if the editor stops the event', () => {
    const input = addElement('jp-Editor');
    input.addEventListener('keydown', event => event.stopPropagation());
    for (const key of ['a', 'Tab', 'Escape']) {
      input.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    }
    expect(provider.refuse).toHaveBeenCalledTimes(1);
  });

  it.each([true, false])(
    'hides Escape from Lab if it removes a suggestion: %s',
    isShown => {
      completers.dismissVisible.mockReturnValueOnce(isShown);
      const onKeydown = jest.fn();
      document.addEventListener('keydown', onKeydown, true);
      const init = { key: 'Escape', bubbles: true, cancelable: true };
      const event = new KeyboardEvent('keydown', init);
      addElement('jp-Editor').dispatchEvent(event);
      document.removeEventListener('keydown', onKeydown, true);
      expect(onKeydown).toHaveBeenCalledTimes(isShown ? 0 : 1);
      expect(event.defaultPrevented).toBe(isShown);
    }
  );

  it('cancels when an editor loses the focus, and no other element', () => {
    const focusout = (): Event => new FocusEvent('focusout', { bubbles: true });
    addElement('jp-Other').dispatchEvent(focusout());
    document.dispatchEvent(focusout());
    expect(provider.cancel).not.toHaveBeenCalled();
    addElement('jp-Editor').dispatchEvent(focusout());
    expect(provider.cancel).toHaveBeenCalledTimes(1);
  });

  it('goes on when the focus moves to a button beside the suggestion', () => {
    const relatedTarget = addElement('jp-InlineCompleter');
    const init = { bubbles: true, relatedTarget };
    addElement('jp-Editor').dispatchEvent(new FocusEvent('focusout', init));
    expect(provider.cancel).not.toHaveBeenCalled();
  });

  it('cancels when another document or another cell is active', () => {
    shell.currentChanged.emit({});
    expect(provider.cancel).toHaveBeenCalledTimes(1);
    notebooks.activeCellChanged.emit({});
    expect(provider.cancel).toHaveBeenCalledTimes(2);
    expect(provider.reset).not.toHaveBeenCalled();
  });

  it('resets the provider when a notebook is closed', () => {
    const panel = { disposed: new Signal<object, void>({}) };
    notebooks.widgetAdded.emit(panel);
    expect(provider.reset).not.toHaveBeenCalled();
    panel.disposed.emit();
    expect(provider.reset).toHaveBeenCalledTimes(1);
  });

  it('needs neither notebooks nor a shell with documents', () => {
    expect(() =>
      cancelOnLeave(
        { shell: {} } as JupyterFrontEnd,
        null,
        provider as unknown as SafeCoderProvider,
        completers as unknown as InlineCompleters
      )
    ).not.toThrow();
  });
});
