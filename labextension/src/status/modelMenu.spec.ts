import { Clipboard } from '@jupyterlab/apputils';

import { IModels } from '../protocol';
import { trans } from '../testing/fakes';
import { ModelMenu } from './modelMenu';
import { ISafeCoderStatus } from './tokens';

const MODELS: IModels = {
  models: [
    {
      name: 'small',
      purpose: 'fast',
      license: 'MIT',
      here: true,
      command: ''
    },
    {
      name: 'large',
      purpose: 'better',
      license: 'Apache-2.0',
      here: false,
      command: 'jupyter safecoder model get large'
    }
  ],
  selected: 'small',
  may_download: false
};

describe('ModelMenu', () => {
  let menu: ModelMenu;
  let status: {
    isSwitching: boolean;
    models: IModels | null;
    useModel: jest.Mock;
  };

  function select(): HTMLSelectElement {
    return menu.node.querySelector('select')!;
  }

  function others(): HTMLDetailsElement {
    return menu.node.querySelector('details')!;
  }

  function show(fields: Partial<IModels>): void {
    status.models = { ...MODELS, ...fields };
    menu.render();
  }

  beforeEach(() => {
    status = { isSwitching: false, models: null, useModel: jest.fn() };
    menu = new ModelMenu(status as unknown as ISafeCoderStatus, trans);
  });

  it('is hidden until the models are known', () => {
    expect(menu.node.hidden).toBe(true);
    show({});
    expect(menu.node.hidden).toBe(false);
  });

  it('offers what is here, and the automatic choice', () => {
    show({});
    const options = Array.from(select().options);
    expect(options.map(option => [option.value, option.text])).toEqual([
      ['auto', 'Automatic'],
      ['small', 'small']
    ]);
    expect(select().value).toBe('small');
    expect(options[1].title).toBe('fast');
    show({ selected: 'auto' });
    expect(select().value).toBe('auto');
  });

  it('switches to the option that is chosen', () => {
    show({});
    select().value = 'auto';
    select().dispatchEvent(new Event('change'));
    expect(status.useModel.mock.calls).toEqual([['auto']]);
  });

  it('shows the command that gets another model, to copy', () => {
    const copy = jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(() => undefined);
    show({});
    expect(others().querySelector('li')!.textContent).toBe(
      'large better (Apache-2.0) jupyter safecoder model get large Copy'
    );
    others().querySelector('button')!.click();
    expect(copy.mock.calls).toEqual([['jupyter safecoder model get large']]);
    expect(status.useModel).not.toHaveBeenCalled();
  });

  it('gets another model where the server may download', () => {
    show({ may_download: true });
    const button = others().querySelector('button')!;
    expect(others().querySelector('code')).toBeNull();
    expect(button.getAttribute('aria-label')).toBe('Get large');
    button.click();
    expect(status.useModel.mock.calls).toEqual([['large']]);
  });

  it('has no list of others where all are here', () => {
    show({ models: [MODELS.models[0]] });
    expect(others().hidden).toBe(true);
  });

  it('is disabled during a switch, and keeps its rows', () => {
    show({});
    const row = others().querySelector('li');
    status.isSwitching = true;
    menu.render();
    expect(select().disabled).toBe(true);
    expect(others().querySelector('button')!.disabled).toBe(true);
    expect(others().querySelector('li')).toBe(row);
  });
});
