import { createModes, flushPromises } from '../testing/fakes';
import {
  IDocument,
  MAX_CHOICES,
  SuggestionModes,
  readChoices,
  withChoice
} from './modes';

const NOTEBOOK: IDocument = {
  kind: 'notebook',
  language: 'python',
  path: 'a.ipynb'
};

describe('SuggestionModes', () => {
  let changes: number;
  let modes: SuggestionModes;
  let saved: unknown[][];

  function enter(document: IDocument | null): void {
    modes.findDocument = () => document;
    modes.update();
  }

  beforeEach(() => {
    ({ modes, saved } = createModes());
    changes = 0;
    modes.changed.connect(() => void changes++);
  });

  it('is off until it is known that completions are on', () => {
    modes.setOn(false);
    expect(modes.everything).toBe('off');
    modes.setOn(true);
    modes.setOn(true);
    modes.setManual(true);
    modes.setManual(true);
    expect(modes.everything).toBe('manual');
    expect(changes).toBe(3);
  });

  it.each<[string, 'document' | 'language']>([
    ['a.ipynb', 'document'],
    ['python', 'language']
  ])('saves a choice for %s', async (key, scope) => {
    enter(NOTEBOOK);
    await modes.choose(scope, 'off');
    expect(modes.choice(scope)).toBe('off');
    expect(modes.current).toBe('off');
    expect(modes.choiceFor(NOTEBOOK)).toBe('off');
    await modes.choose(scope, null);
    expect(modes.choice(scope)).toBeNull();
    expect(modes.current).toBe('automatic');
    expect(saved).toEqual([
      [`${scope}s`, key, 'off'],
      [`${scope}s`, key, null]
    ]);
    expect(changes).toBe(2);
  });

  it('saves the choice for everything, which others apply', async () => {
    await modes.choose('everything', 'manual');
    await modes.choose('everything', null);
    expect(saved).toEqual([
      ['everything', 'manual'],
      ['everything', 'automatic']
    ]);
    expect(modes.choice('everything')).toBe('automatic');
  });

  it('lets the narrowest choice count, but not while all is off', async () => {
    enter(NOTEBOOK);
    modes.setLanguages({ python: 'manual', r: 'whenever', julia: 3 });
    expect(modes.current).toBe('manual');
    await modes.choose('document', 'automatic');
    expect(modes.current).toBe('automatic');
    modes.setOn(false);
    expect(modes.current).toBe('off');
    expect(modes.choiceFor({ ...NOTEBOOK, path: 'b.ipynb' })).toBe('manual');
    expect(
      modes.choiceFor({ ...NOTEBOOK, path: '', language: 'r' })
    ).toBeNull();
  });

  it('chooses nothing for a document where there is none', async () => {
    await modes.choose('document', 'off');
    await modes.choose('language', 'off');
    expect(saved).toEqual([]);
    expect([modes.choice('document'), modes.choice('language')]).toEqual([
      null,
      null
    ]);
    expect(modes.current).toBe('automatic');
  });

  it('emits when the mode is another in the next document', () => {
    modes.setDocuments({ 'b.ipynb': 'off' });
    expect(changes).toBe(1);
    enter(NOTEBOOK);
    enter({ ...NOTEBOOK, language: 'r' });
    expect(changes).toBe(1);
    enter({ ...NOTEBOOK, path: 'b.ipynb' });
    expect(changes).toBe(2);
    expect(modes.document?.path).toBe('b.ipynb');
    enter(null);
    expect(changes).toBe(3);
  });

  it('ignores settings that are the same or not choices', () => {
    modes.setLanguages({ r: 'off' });
    modes.setLanguages({ r: 'off' });
    modes.setLanguages(undefined);
    expect(changes).toBe(2);
    modes.setDocuments(null);
    expect(modes.choiceFor(NOTEBOOK)).toBeNull();
  });

  it('keeps the choice of a document that is renamed', async () => {
    enter(NOTEBOOK);
    await modes.choose('document', 'manual');
    modes.rename('a.ipynb', 'c.ipynb');
    modes.rename('other.ipynb', 'd.ipynb');
    await flushPromises();
    expect(saved.slice(1)).toEqual([
      ['documents', 'c.ipynb', 'manual'],
      ['documents', 'a.ipynb', null]
    ]);
    expect(modes.choiceFor({ ...NOTEBOOK, path: 'c.ipynb' })).toBe('manual');
  });

  it('keeps a choice that is being saved, whatever the settings say', async () => {
    let finish: () => void = () => undefined;
    modes = new SuggestionModes({
      saveChoice: () => new Promise(resolve => (finish = resolve)),
      saveEverything: () => Promise.resolve()
    });
    modes.setOn(true);
    enter(NOTEBOOK);
    const chosen = modes.choose('document', 'off');
    modes.setDocuments({ 'b.ipynb': 'manual' });
    expect(modes.current).toBe('off');
    await flushPromises();
    finish();
    await chosen;
    modes.setDocuments({ 'b.ipynb': 'manual' });
    expect(modes.current).toBe('automatic');
  });

  it('keeps a choice in memory that cannot be saved', async () => {
    modes = new SuggestionModes({
      saveChoice: () => Promise.reject(new Error('The disk is full.')),
      saveEverything: () => Promise.resolve()
    });
    modes.setOn(true);
    enter(NOTEBOOK);
    await expect(modes.choose('document', 'off')).rejects.toThrow();
    expect(modes.current).toBe('off');
  });
});

describe('withChoice', () => {
  it('forgets the oldest choices of many', () => {
    let choices = {};
    for (let n = 0; n <= MAX_CHOICES; n++) {
      choices = withChoice(choices, `${n}.ipynb`, 'off');
    }
    expect(Object.keys(choices)).toHaveLength(MAX_CHOICES);
    expect(choices).not.toHaveProperty(['0.ipynb']);
  });
});

describe('readChoices', () => {
  it.each([undefined, null, 3, 'off', { a: 'on' }, ['off?']])(
    'reads nothing in %j',
    saved => {
      expect(readChoices(saved)).toEqual({});
    }
  );
});
