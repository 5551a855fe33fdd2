import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { TranslationBundle } from '@jupyterlab/translation';

import { ICompletionOptions, Suggestions, Trigger } from '../protocol';

/** What may be context beside the cells above. */
export interface ISources {
  /** The cells below the current one. */
  below: boolean;

  /** Names in the kernel. */
  kernel: boolean;

  /** Signatures of local modules. */
  modules: boolean;

  /** Parts of other notebooks and scripts. */
  files: boolean;
}

/** Our own fields in Lab's settings of this provider. */
export interface ICompletionSettings {
  /** The pause in typing, in ms, before a request is sent. */
  debounce: number;

  /** Whether there are suggestions on lines without text. */
  freshLine: boolean;

  /** Whether the outputs of other cells are part of the context. */
  includeOutputs: boolean;

  /** Which sources are context. */
  sources: ISources;
  /** Whether there are requests in advance, while the engine is idle. */
  prefetch: boolean;

  /** How many suggestions are shown while typing; `manual`: none. */
  suggestions: Suggestions | 'manual' | 'server';
}

/** The settings until Lab passes the user's. */
export const DEFAULT_SETTINGS: ICompletionSettings = {
  debounce: 60,
  freshLine: true,
  includeOutputs: true,
  // With the models of the catalogue, other files make completions worse as
  // often as better: see docs/explanation/measurements.md.
  sources: { below: true, kernel: true, modules: true, files: false },
  prefetch: true,
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
          'How long typing must pause before a request is sent. The pause becomes shorter, to a third, where the model is fast for your typing, and longer, to three times, where it is slow. Completions that are already known are shown without a pause.'
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
      sources: {
        title: trans.__('What the model gets'),
        description: trans.__(
          'What goes into the prompt beside the cell and the cells above it.'
        ),
        type: 'object',
        properties: {
          below: {
            title: trans.__('Cells below'),
            description: trans.__('The nearest cells below, without outputs.'),
            type: 'boolean'
          },
          kernel: {
            title: trans.__('Names in the kernel'),
            description: trans.__(
              'Types, shapes, columns, keys and parameters of the names that the cells mention, and never their values. Python kernels only.'
            ),
            type: 'boolean'
          },
          modules: {
            title: trans.__('Local modules'),
            description: trans.__(
              'Names, parameters and first documentation lines of what the notebook imports from Python files of its project.'
            ),
            type: 'boolean'
          },
          files: {
            title: trans.__('Other notebooks and scripts'),
            description: trans.__(
              'A few lines of other open documents, and of those of the project that were edited last, which are like the cell.'
            ),
            type: 'boolean'
          }
        },
        additionalProperties: false
      },
      prefetch: {
        title: trans.__('Compute in advance'),
        description: trans.__(
          'Whether the model computes what follows a suggestion while that is shown, and reads a cell when you enter it. It does so only while it has nothing else to do.'
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
      sources: { ...DEFAULT_SETTINGS.sources },
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
  const {
    debounce,
    freshLine,
    includeOutputs,
    prefetch,
    sources,
    suggestions
  } = settings;
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
    prefetch:
      typeof prefetch === 'boolean' ? prefetch : DEFAULT_SETTINGS.prefetch,
    sources: readSources(sources),
    suggestions:
      SUGGESTIONS.find(value => value === suggestions) ??
      DEFAULT_SETTINGS.suggestions
  };
}

/** Read the switches; a value that is none is replaced by the default. */
function readSources(value: unknown): ISources {
  const switches = { ...DEFAULT_SETTINGS.sources };
  for (const name of Object.keys(switches) as Array<keyof ISources>) {
    const choice = (value as Partial<ISources> | null | undefined)?.[name];
    if (typeof choice === 'boolean') {
      switches[name] = choice;
    }
  }
  return switches;
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
 * @param trigger - What causes it.
 */
export function completionOptions(
  settings: ICompletionSettings,
  trigger: Trigger
): ICompletionOptions {
  const { suggestions } = settings;
  const isAmount = suggestions !== 'server' && suggestions !== 'manual';
  return {
    trigger,
    ...(isAmount ? { suggestions } : {})
  };
}
