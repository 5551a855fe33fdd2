import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';

import { CommandRegistry } from '@lumino/commands';

import { IAdapters, IModels } from '../protocol';
import { SessionFigures } from '../suggestions/figures';
import { createModes, suggestionEvent, trans } from '../testing/fakes';
import { SuggestionModes } from './modes';
import { StatusPopup } from './popup';
import { Snooze } from './snooze';
import { ISafeCoderStatus, IStatusView } from './tokens';

const READY: IStatusView = {
  state: 'ready',
  enabled: true,
  label: 'ready',
  reason: 'The model is ready.',
  remedy: '',
  notice: '',
  model: 'smol',
  connectsTo: 'llm.example:443',
  startLabel: ''
};

describe('StatusPopup', () => {
  let anchor: HTMLElement;
  let commands: CommandRegistry;
  let execute: jest.Mock;
  let figures: SessionFigures;
  let popup: StatusPopup;
  let status: {
    changed: Signal<object, void>;
    enabled: boolean;
    setEnabled: jest.Mock;
    start: jest.Mock;
    adapters: IAdapters | null;
    loadAdapters: jest.Mock;
    loadModels: jest.Mock;
    models: IModels | null;
    modes: SuggestionModes;
    restart: jest.Mock;
    snooze: Snooze;
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
      adapters: null,
      loadAdapters: jest.fn(() => Promise.resolve()),
      loadModels: jest.fn(() => Promise.resolve()),
      models: null,
      modes: createModes().modes,
      restart: jest.fn(() => Promise.resolve()),
      snooze: new Snooze(),
      view: READY
    };
    figures = new SessionFigures();
    commands = new CommandRegistry();
    execute = jest.fn();
    for (const id of ['safecoder:open-panel', 'safecoder:open-settings']) {
      const label = `SafeCoder: ${id}`;
      commands.addCommand(id, { label, execute: () => execute(id) });
    }
    popup = new StatusPopup(
      status as unknown as ISafeCoderStatus,
      anchor,
      trans,
      { commands, figures }
    );
    popup.open();
  });

  afterEach(() => {
    popup.dispose();
    status.snooze.end();
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

  it('names the machines that the runtime may connect to', () => {
    expect(find('network').textContent).toBe('May connect to: llm.example:443');
    update({ connectsTo: '' });
    expect(find('network').hidden).toBe(true);
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

  it.each(['restart', 'snooze'])(
    'keeps the focus when the focused button %s disappears',
    name => {
      status.adapters = { adapters: [], selected: '', may_switch: true };
      update({});
      find(name).focus();
      expect(document.activeElement).toBe(find(name));
      update({ enabled: false, state: 'off' });
      expect(document.activeElement).toBe(find('toggle'));
    }
  );

  it('requests the models when it opens, and shows them', () => {
    expect(status.loadModels).toHaveBeenCalledTimes(1);
    expect(find('models').hidden).toBe(true);
    status.models = { models: [], selected: 'auto', may_download: false };
    update({});
    expect(find('models').hidden).toBe(false);
  });

  it('pauses completions, and resumes them', () => {
    expect(find('snooze').textContent).toBe('Pause for 10 minutes');
    find('snooze').click();
    expect(status.snooze.seconds).toBe(600);
    update({ enabled: false });
    expect(find('snooze').textContent).toMatch(/Resume \(10:00 left\)/);
    find('snooze').click();
    expect(status.snooze.seconds).toBe(0);
    update({ enabled: false });
    expect(find('snooze').hidden).toBe(true);
  });

  it('shows the time to ghost text once there is one', () => {
    expect(find('times').hidden).toBe(true);
    figures.add(suggestionEvent({ latency_ms: 84 }));
    update({});
    expect(find('times').textContent).toBe('Ghost text after 84 ms, p95 84 ms');
  });

  it('restarts a runtime of this server, not that of a Hub', () => {
    expect(find('restart').hidden).toBe(true);
    status.adapters = { adapters: [], selected: '', may_switch: true };
    update({});
    expect(find('restart').hidden).toBe(false);
    find('restart').click();
    expect(status.restart).toHaveBeenCalledTimes(1);
    update({ state: 'loading' });
    expect(find('restart').hidden).toBe(true);
  });

  it('has a button for each command that exists', () => {
    const buttons = popup.node.querySelectorAll<HTMLElement>('[data-command]');
    const ids = Array.from(buttons, button => button.dataset.command);
    expect(ids).toEqual(['safecoder:open-panel', 'safecoder:open-settings']);
    expect(buttons[0].textContent).toBe('safecoder:open-panel');
    buttons[0].click();
    expect(popup.isDisposed).toBe(true);
    expect(execute.mock.calls).toEqual([['safecoder:open-panel']]);
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
