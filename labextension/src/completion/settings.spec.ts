import Ajv from 'ajv';

import { trans } from '../testing/fakes';
import {
  DEFAULT_SETTINGS,
  completionOptions,
  readSettings,
  settingsSchema
} from './settings';

describe('readSettings', () => {
  it('reads our fields and ignores others', () => {
    const settings = {
      debounce: 0,
      freshLine: false,
      includeOutputs: false,
      prefetch: false,
      sources: { below: false, kernel: true, modules: true, files: false },
      suggestions: 'few'
    };
    expect(readSettings({ ...settings, timeout: 1 })).toEqual(settings);
  });

  it.each([
    {},
    { debounce: '60', includeOutputs: 'true' },
    { debounce: -1, includeOutputs: null },
    { debounce: NaN, includeOutputs: 0 },
    { freshLine: 1 },
    { suggestions: 'all' },
    { suggestions: 1 },
    { sources: null },
    { sources: 'below' },
    { sources: { below: 1, other: false } }
  ])('replaces invalid values by the defaults: %j', settings => {
    expect(readSettings(settings)).toEqual(DEFAULT_SETTINGS);
  });
});

it('reads each switch of a source by itself', () => {
  const { sources } = readSettings({ sources: { files: false } });
  expect(sources).toEqual({ ...DEFAULT_SETTINGS.sources, files: false });
});

describe('settingsSchema', () => {
  it('describes every field of ours and accepts the defaults', () => {
    const schema = settingsSchema(trans);
    const properties = schema.properties!;
    expect(Object.keys(properties)).toEqual(Object.keys(DEFAULT_SETTINGS));
    for (const property of Object.values(properties)) {
      expect(property.title).toBeTruthy();
      expect(property.description).toBeTruthy();
    }
    const check = new Ajv({ strict: false }).compile(schema);
    expect(check(schema.default)).toBe(true);
    expect(check({ debounce: -1 })).toBe(false);
    expect(check({ suggestions: 'all' })).toBe(false);
    expect(check({ sources: { below: 1 } })).toBe(false);
    const switches = properties.sources.properties!;
    expect(Object.keys(switches)).toEqual(
      Object.keys(DEFAULT_SETTINGS.sources)
    );
    for (const source of Object.values(switches)) {
      expect(source.title).toBeTruthy();
      expect(source.description).toBeTruthy();
    }
  });
});

describe('completionOptions', () => {
  it.each(['few', 'balanced', 'many'] as const)(
    'names the amount: %s',
    suggestions => {
      const settings = { ...DEFAULT_SETTINGS, suggestions };
      expect(completionOptions(settings, 'automatic')).toEqual({
        trigger: 'automatic',
        suggestions
      });
    }
  );

  it.each(['server', 'manual'] as const)('names none: %s', suggestions => {
    const settings = { ...DEFAULT_SETTINGS, suggestions };
    expect(completionOptions(settings, 'warm')).toEqual({ trigger: 'warm' });
  });
});
