import { createModes, flushPromises, trans } from '../testing/fakes';
import { ModeMenu } from './modeMenu';
import { IDocument, SuggestionModes } from './modes';

describe('ModeMenu', () => {
  let menu: ModeMenu;
  let modes: SuggestionModes;
  let saved: unknown[][];

  function enter(document: Partial<IDocument> | null): void {
    modes.findDocument = () =>
      document && {
        kind: 'notebook',
        language: 'julia',
        path: 'x/a.ipynb',
        ...document
      };
    modes.update();
    menu.render();
  }

  function rows(): HTMLElement[] {
    const found = menu.node.querySelectorAll('label');
    return Array.from(found).filter(row => !row.hidden);
  }

  function list(scope: string): HTMLSelectElement {
    return menu.node.querySelector<HTMLSelectElement>(
      `[data-scope="${scope}"]`
    )!;
  }

  function choose(scope: string, value: string): void {
    list(scope).value = value;
    list(scope).dispatchEvent(new Event('change'));
  }

  beforeEach(() => {
    ({ modes, saved } = createModes());
    menu = new ModeMenu(modes, trans);
  });

  it('has one list where there is no document', () => {
    const [row, ...others] = rows();
    expect(others).toEqual([]);
    expect(row.querySelector('span')!.textContent).toBe('Everywhere');
    expect(list('everything').value).toBe('automatic');
    expect(menu.node.getAttribute('aria-label')).toBe('When suggestions come');
  });

  it.each([
    ['notebook', 'In this notebook'],
    ['file', 'In this file'],
    ['console', 'In this console']
  ] as const)('has lists for a %s and its language', (kind, label) => {
    enter({ kind });
    const labels = rows().map(row => row.querySelector('span')!.textContent);
    expect(labels).toEqual(['Everywhere', label, 'In Julia']);
    expect(list('document').options[0].textContent).toBe('As everywhere');
    expect(list('document').value).toBe('');
  });

  it('chooses, and makes no choice again', async () => {
    enter({});
    choose('document', 'off');
    choose('document', '');
    choose('language', 'manual');
    choose('everything', 'off');
    await flushPromises();
    expect(saved).toEqual([
      ['everything', 'off'],
      ['documents', 'x/a.ipynb', 'off'],
      ['documents', 'x/a.ipynb', null],
      ['languages', 'julia', 'manual']
    ]);
    menu.render();
    expect(list('language').value).toBe('manual');
  });

  it('disables what has no effect', () => {
    enter({});
    modes.setOn(false);
    menu.render();
    expect(list('everything').disabled).toBe(false);
    expect(list('everything').value).toBe('off');
    expect(list('document').disabled).toBe(true);
    expect(list('language').disabled).toBe(true);
  });

  it('shows names of languages as text', () => {
    enter({ language: '<b>x</b>' });
    expect(menu.node.querySelector('b')).toBeNull();
  });
});
