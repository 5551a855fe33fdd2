import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import {
  createModes,
  flushPromises,
  runtimeStatus,
  trans
} from '../testing/fakes';
import { StatusItem } from './item';
import { Snooze } from './snooze';
import { ISafeCoderStatus } from './tokens';
import { describeStatus } from './view';

describe('StatusItem', () => {
  let enabled = true;
  let started = 0;
  let item: StatusItem;
  const owner = {};
  const changed = new Signal<ISafeCoderStatus, void>(owner as ISafeCoderStatus);
  const status = {
    changed,
    adapters: null,
    isSwitching: false,
    modes: createModes().modes,
    snooze: new Snooze(),
    loadAdapters: () => Promise.resolve(),
    models: null,
    loadModels: () => Promise.resolve(),
    get enabled() {
      return enabled;
    },
    get view() {
      return describeStatus(
        {
          enabled,
          exclusion: null,
          notice: '',
          queuePosition: 0,
          runtime: runtimeStatus({
            state: 'failed',
            reason: '<b>No memory.</b>',
            remedy: 'Close something.'
          }),
          unreachable: ''
        },
        trans
      );
    },
    setEnabled: (value: boolean) => {
      enabled = value;
      changed.emit();
      return Promise.resolve();
    },
    start: () => {
      started++;
      return Promise.resolve();
    }
  } as unknown as ISafeCoderStatus;

  function find(selector: string): HTMLElement {
    return document.querySelector<HTMLElement>(selector)!;
  }

  beforeEach(() => {
    enabled = true;
    started = 0;
    item = new StatusItem(status, trans);
    Widget.attach(item, document.body);
  });

  afterEach(() => item.dispose());

  it('is a button that shows the state and its reason', () => {
    const button = find('button.jp-SafeCoder-item');
    expect(button.textContent).toContain('failed');
    expect(button.dataset.state).toBe('failed');
    expect(button.getAttribute('aria-label')).toContain('Close something.');
  });

  it('opens and closes the popup, also with Escape', () => {
    item.node.click();
    expect(find('.jp-SafeCoder-reason').textContent).toBe('<b>No memory.</b>');
    expect(find('.jp-SafeCoder-reason').children).toHaveLength(0);
    find('.jp-SafeCoder-popup').dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape' })
    );
    expect(find('.jp-SafeCoder-popup')).toBeNull();
    item.node.click();
    item.node.click();
    expect(find('.jp-SafeCoder-popup')).toBeNull();
  });

  it('restarts the runtime, and turns completions off', async () => {
    item.node.click();
    expect(find('.jp-SafeCoder-start').textContent).toBe('Restart');
    find('.jp-SafeCoder-start').click();
    expect(started).toBe(1);
    find('.jp-SafeCoder-toggle').click();
    await new Promise(resolve => setTimeout(resolve, 50));
    await flushPromises();
    expect(enabled).toBe(false);
    expect(find('.jp-SafeCoder-toggle').textContent).toBe(
      'Turn completions on'
    );
    expect(find('.jp-SafeCoder-start').hidden).toBe(true);
    expect(find('.jp-SafeCoder-item').dataset.state).toBe('off');
  });
});
