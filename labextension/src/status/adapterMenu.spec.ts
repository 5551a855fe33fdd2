import { IAdapters } from '../protocol';
import { trans } from '../testing/fakes';
import { AdapterMenu } from './adapterMenu';
import { ISafeCoderStatus } from './tokens';

const TWO: IAdapters = {
  adapters: [
    { name: 'team', accepted: true, reason: 'It is better.' },
    { name: 'old', accepted: false, reason: 'It is worse.' }
  ],
  selected: 'team',
  may_switch: true
};

describe('AdapterMenu', () => {
  let menu: AdapterMenu;
  let status: {
    adapters: IAdapters | null;
    isSwitching: boolean;
    useAdapter: jest.Mock;
  };
  const select = (): HTMLSelectElement => menu.node.querySelector('select')!;
  const name = (): HTMLElement =>
    menu.node.querySelector<HTMLElement>('.jp-SafeCoder-adapterName')!;

  function show(adapters: IAdapters | null): void {
    status.adapters = adapters;
    menu.render();
  }

  beforeEach(() => {
    status = { adapters: null, isSwitching: false, useAdapter: jest.fn() };
    menu = new AdapterMenu(status as unknown as ISafeCoderStatus, trans);
  });

  it('is hidden where there are no adapters', () => {
    expect(menu.node.hidden).toBe(true);
    show({ ...TWO, adapters: [], selected: '' });
    expect(menu.node.hidden).toBe(true);
  });

  it('lists the adapters, and switches', () => {
    show(TWO);
    expect(menu.node.hidden).toBe(false);
    const options = Array.from(select().options);
    expect(options.map(({ textContent }) => textContent)).toEqual([
      'No adapter',
      'team',
      'old (rejected)'
    ]);
    expect(options[2].title).toBe('It is worse.');
    expect(select().value).toBe('team');
    expect(name().hidden).toBe(true);
    select().value = '';
    select().dispatchEvent(new Event('change'));
    expect(status.useAdapter.mock.calls).toEqual([['']]);
    status.isSwitching = true;
    menu.render();
    expect(select().disabled).toBe(true);
  });

  it('keeps its options while they are the same', () => {
    show(TWO);
    const [first] = Array.from(select().options);
    show({ ...TWO });
    expect(select().options[0]).toBe(first);
  });

  it('names the adapter of a group, which cannot be changed here', () => {
    show({ adapters: [], selected: 'team', may_switch: false });
    expect(menu.node.hidden).toBe(false);
    expect(select().hidden).toBe(true);
    expect(name().textContent).toBe('Adapter: team');
  });
});
