import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';

import { IModels } from '../protocol';
import { trans } from '../testing/fakes';
import { StatusPopup } from './popup';
import { ISafeCoderStatus, IStatusView } from './tokens';

const READY: IStatusView = {
  state: 'ready',
  enabled: true,
  label: 'ready',
  reason: 'The model is ready.',
  remedy: '',
  notice: '',
  model: 'smol',
  startLabel: ''
};

describe('StatusPopup', () => {
  let anchor: HTMLElement;
  let popup: StatusPopup;
  let status: {
    changed: Signal<object, void>;
    enabled: boolean;
    setEnabled: jest.Mock;
    start: jest.Mock;
    loadModels: jest.Mock;
    models: IModels | null;
    view: IStatusView;
  };

  function find(name: string): HTMLElement {
    return popup.node.querySelector<HTMLElement>(`.jp-SafeCoder-${name}`)!;
  }

  function update(view: Partial<IStatusView>): void {
    status.view = { ...READY, ...view };
    status.changed.emit();
    MessageLoop.flush();
  }

  /** Put the anchor at a vertical position of a window of 700 pixels. */
  function moveAnchor(top: number): void {
    const rect = { top, bottom: top + 20, right: 1100 } as DOMRect;
    anchor.getBoundingClientRect = () => rect;
  }

  beforeEach(() => {
    Object.assign(window, { innerWidth: 1200, innerHeight: 700 });
    anchor = document.createElement('button');
    document.body.appendChild(anchor);
    moveAnchor(680);
    status = {
      changed: new Signal({}),
      enabled: true,
      setEnabled: jest.fn(() => Promise.resolve()),
      start: jest.fn(() => Promise.resolve()),
      loadModels: jest.fn(() => Promise.resolve()),
      models: null,
      view: READY
    };
    popup = new StatusPopup(
      status as unknown as ISafeCoderStatus,
      anchor,
      trans
    );
    popup.open();
  });

  afterEach(() => {
    popup.dispose();
    anchor.remove();
  });

  it('shows the texts that are not empty', () => {
    expect(find('state').textContent).toBe('SafeCoder: ready');
    expect(find('reason').textContent).toBe('The model is ready.');
    expect(find('model').textContent).toBe('Model: smol');
    expect(['remedy', 'notice'].map(name => find(name).hidden)).toEqual([
      true,
      true
    ]);
    update({ remedy: 'Wait.', model: '' });
    expect(find('remedy').hidden).toBe(false);
    expect(find('remedy').textContent).toBe('Wait.');
    expect(find('model').hidden).toBe(true);
  });

  it('focuses the switch and is announced as expanded', () => {
    expect(document.activeElement).toBe(find('toggle'));
    expect(anchor.getAttribute('aria-expanded')).toBe('true');
    popup.close();
    expect(anchor.getAttribute('aria-expanded')).toBe('false');
  });

  it('labels the switch by what it does', () => {
    expect(find('toggle').textContent).toBe('Turn completions off');
    expect(find('toggle').getAttribute('aria-pressed')).toBe('true');
    update({ enabled: false });
    expect(find('toggle').textContent).toBe('Turn completions on');
    expect(find('toggle').getAttribute('aria-pressed')).toBe('false');
  });

  it('turns completions off and on', () => {
    find('toggle').click();
    status.enabled = false;
    find('toggle').click();
    expect(status.setEnabled.mock.calls).toEqual([[false], [true]]);
  });

  it('shows the start button only while there is something to start', () => {
    expect(find('start').hidden).toBe(true);
    update({ startLabel: 'Restart' });
    expect(find('start').hidden).toBe(false);
    expect(find('start').textContent).toBe('Restart');
    find('start').click();
    expect(status.start).toHaveBeenCalledTimes(1);
  });

  it('keeps the focus when the focused start button disappears', () => {
    update({ startLabel: 'Restart' });
    find('start').focus();
    update({ startLabel: '' });
    expect(document.activeElement).toBe(find('toggle'));
  });

  it('requests the models when it opens, and shows them', () => {
    expect(status.loadModels).toHaveBeenCalledTimes(1);
    expect(find('models').hidden).toBe(true);
    status.models = { models: [], selected: 'auto', may_download: false };
    update({});
    expect(find('models').hidden).toBe(false);
  });

  it('closes at Escape and returns the focus', () => {
    const press = (key: string): boolean =>
      find('toggle').dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true })
      );
    press('Tab');
    expect(popup.isDisposed).toBe(false);
    press('Escape');
    expect(popup.isDisposed).toBe(true);
    expect(document.activeElement).toBe(anchor);
  });

  it('closes at a click outside of it and of its anchor', () => {
    const click = (element: Element): boolean =>
      element.dispatchEvent(new Event('pointerdown', { bubbles: true }));
    click(find('reason'));
    click(anchor);
    expect(popup.isDisposed).toBe(false);
    click(document.body);
    expect(popup.isDisposed).toBe(true);
  });

  it('opens above an anchor at the bottom', () => {
    const { right, top, bottom } = popup.node.style;
    expect([right, top, bottom]).toEqual(['100px', '', '24px']);
  });

  it.each([
    ['the window is resized', () => window.dispatchEvent(new Event('resize'))],
    ['the status changes', () => update({ notice: 'Full.' })]
  ])('moves below an anchor at the top when %s', (_, act) => {
    moveAnchor(10);
    act();
    const { right, top, bottom } = popup.node.style;
    expect([right, top, bottom]).toEqual(['100px', '34px', '']);
  });

  it('disconnects from the status when it is disposed', () => {
    popup.dispose();
    update({ reason: 'Changed.' });
    expect(find('reason').textContent).toBe('The model is ready.');
  });
});
