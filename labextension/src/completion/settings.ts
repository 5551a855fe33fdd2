import { ISettingRegistry } from '@jupyterlab/settingregistry';

/** Our own fields of Lab's settings for this provider. */
export interface ICompletionSettings {
  /** The pause in typing, in ms, before a request is sent. */
  debounce: number;

  /** Whether the outputs of other cells are part of the context. */
  includeOutputs: boolean;
}

/** What holds until Lab tells us otherwise. */
export const DEFAULT_SETTINGS: ICompletionSettings = {
  debounce: 60,
  includeOutputs: true
};

/**
 * The fields, and our defaults for Lab's own ones: ask in the midst of a line
 * too, let every keystroke through to us, and wait for a slow machine.
 */
export const SETTINGS_SCHEMA: ISettingRegistry.IProperty = {
  type: 'object',
  properties: {
    debounce: {
      title: 'Pause before a request (ms)',
      description:
        'How long typing must pause before the model is asked. Suggestions that are already known are shown without any pause.',
      type: 'number',
      minimum: 0,
      maximum: 2000
    },
    includeOutputs: {
      title: 'Include outputs',
      description:
        'Let the model read the first lines of the text outputs of other cells.',
      type: 'boolean'
    }
  },
  default: {
    ...DEFAULT_SETTINGS,
    autoFillInMiddle: true,
    debouncerDelay: 0,
    timeout: 30000
  }
};

/**
 * Read our fields; whatever is not of the right type counts as not given.
 */
export function readSettings(settings: {
  [property: string]: unknown;
}): ICompletionSettings {
  const { debounce, includeOutputs } = settings;
  return {
    debounce:
      typeof debounce === 'number' && debounce >= 0
        ? debounce
        : DEFAULT_SETTINGS.debounce,
    includeOutputs:
      typeof includeOutputs === 'boolean'
        ? includeOutputs
        : DEFAULT_SETTINGS.includeOutputs
  };
}
