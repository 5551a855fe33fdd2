import { createOptionList, setOptions } from './optionList';

describe('a list of options', () => {
  it('has the options, and reports what is chosen', () => {
    const onChosen = jest.fn();
    const list = createOptionList(onChosen, 'Fruit');
    expect(list.getAttribute('aria-label')).toBe('Fruit');
    const options = [
      { value: 'a', text: 'Apple', title: 'It is red.' },
      { value: 'p', text: 'Pear' }
    ];
    setOptions(list, options, 'p');
    expect(
      Array.from(list.options, ({ text, title, value }) => [value, text, title])
    ).toEqual([
      ['a', 'Apple', 'It is red.'],
      ['p', 'Pear', '']
    ]);
    expect(list.value).toBe('p');
    list.value = 'a';
    list.dispatchEvent(new Event('change'));
    expect(onChosen.mock.calls).toEqual([['a']]);
  });

  it('replaces the options', () => {
    const list = createOptionList(() => undefined);
    expect(list.hasAttribute('aria-label')).toBe(false);
    setOptions(list, [{ value: 'a', text: 'Apple' }], 'a');
    setOptions(list, [{ value: 'b', text: 'Banana' }], 'b');
    expect(Array.from(list.options, ({ value }) => value)).toEqual(['b']);
  });
});
