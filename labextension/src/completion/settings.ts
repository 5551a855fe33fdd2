import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { TranslationBundle } from '@jupyterlab/translation';

import { ICompletionOptions, Suggestions } from '../protocol';

/** Our own fields in Lab's settings of this provider. */
export interface ICompletionSettings {
  /** The pause in typing, in ms, before a request is sent. */
  debounce: number;

  /** Whether there are suggestions on lines without text. */
  freshLine: boolean;

  /** Whether the outputs of other cells are part of the context. */
  includeOutputs: boolean;

  /** How many suggestions are shown while typing; `manual`: none. */
  suggestions: Suggestions | 'manual' | 'server';
}

/** The settings until Lab passes the user's. */
export const DEFAULT_SETTINGS: ICompletionSettings = {
  debounce: 60,
  freshLine: true,
  includeOutputs: true,
  suggestions: 'server'
};

const SUGGESTIONS = ['server', 'few', 'balanced', 'many', 'manual'] as const;

/**
 * The schema of our settings.
 *
 * It also changes the defaults of Lab's own fields: complete inside a line too,
 * pass every keystroke to us without a delay, and wait for a slow machine.
 *
 * @param trans - Translates titles and descriptions.
 */
export function settingsSchema(
  trans: TranslationBundle
): ISettingRegistry.IProperty {
  return {
    type: 'object',
    properties: {
      debounce: {
        title: trans.__('Pause before a request (ms)'),
        description: trans.__(
          'How long typing must pause before a request is sent. Completions that are already known are shown without a pause.'
        ),
        type: 'number',
        minimum: 0,
        maximum: 2000
      },
      freshLine: {
        title: trans.__('Suggest on new lines'),
        description: trans.__(
          'Whether there are suggestions after Enter, on an empty line and in an empty cell, before anything is typed.'
        ),
        type: 'boolean'
      },
      includeOutputs: {
        title: trans.__('Include outputs'),
        description: trans.__(
          'Whether the first lines of the text outputs of other cells are part of the prompt.'
        ),
        type: 'boolean'
      },
      suggestions: {
        title: trans.__('Suggestions while typing'),
        description: trans.__(
          'few: only those that are probably right. many: all. manual: none. server: as the server is configured. A suggestion that you ask for is always shown.'
        ),
        type: 'string',
        enum: [...SUGGESTIONS]
      }
    },
    default: {
      ...DEFAULT_SETTINGS,
      autoFillInMiddle: true,
      debouncerDelay: 0,
      timeout: 30000
    }
  };
}

/**
 * Read our fields; a value of the wrong type is replaced by the default.
 */
export function readSettings(settings: {
  [property: string]: unknown;
}): ICompletionSettings {
  const { debounce, freshLine, includeOutputs, suggestions } = settings;
  return {
    debounce:
      typeof debounce === 'number' && debounce >= 0
        ? debounce
        : DEFAULT_SETTINGS.debounce,
    freshLine:
      typeof freshLine === 'boolean' ? freshLine : DEFAULT_SETTINGS.freshLine,
    includeOutputs:
      typeof includeOutputs === 'boolean'
        ? includeOutputs
        : DEFAULT_SETTINGS.includeOutputs,
    suggestions:
      SUGGESTIONS.find(value => value === suggestions) ??
      DEFAULT_SETTINGS.suggestions
  };
}

/**
 * Whether suggestions come on request only.
 *
 * @param settings - The user's settings for everything.
 * @param target - Where they would come; its own choice counts first.
 */
export function isManual(
  settings: ICompletionSettings,
  target?: { isManual?: boolean }
): boolean {
  return target?.isManual ?? settings.suggestions === 'manual';
}

/**
 * The options of a request.
 *
 * @param settings - The user's settings.
 * @param isInvoked - Whether the user requested a suggestion explicitly.
 */
export function completionOptions(
  settings: ICompletionSettings,
  isInvoked: boolean
): ICompletionOptions {
  const { suggestions } = settings;
  const isAmount = suggestions !== 'server' && suggestions !== 'manual';
  return {
    trigger: isInvoked ? 'explicit' : 'automatic',
    ...(isAmount ? { suggestions } : {})
  };
}
