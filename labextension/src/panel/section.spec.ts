import { Section, createFacts, createText } from './section';

describe('Section', () => {
  it('is labelled by its heading', () => {
    const { node } = new Section('model', 'Model');
    const heading = node.querySelector('h2')!;
    expect(heading.textContent).toBe('Model');
    expect(node.getAttribute('aria-labelledby')).toBe(heading.id);
  });

  it('keeps its content while the key is the same', () => {
    const section = new Section('model', 'Model');
    section.show([1], () => [createText('one')]);
    const [first] = section.body.children;
    section.show([1], () => [createText('one')]);
    expect(section.body.children[0]).toBe(first);
    section.show([2], () => [createText('two')]);
    expect(section.body.textContent).toBe('two');
  });
});

describe('createFacts', () => {
  it('lists names with values, as text', () => {
    const list = createFacts([
      ['Name', '<b>smol</b>'],
      ['License', '']
    ]);
    expect(list.querySelectorAll('dt')).toHaveLength(1);
    expect(list.querySelector('dd')!.textContent).toBe('<b>smol</b>');
    expect(list.querySelector('b')).toBeNull();
  });
});

describe('createText', () => {
  it('creates a paragraph', () => {
    expect(createText('a < b').outerHTML).toBe('<p>a &lt; b</p>');
  });
});
