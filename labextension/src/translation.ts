import {
  ITranslator,
  TranslationBundle,
  nullTranslator
} from '@jupyterlab/translation';

/** The domain of our strings in a language pack. */
const DOMAIN = 'jupyter_safecoder';

/**
 * Load the translations of our strings.
 *
 * @param translator - Lab's translator; without one the strings stay English.
 */
export function loadTranslations(
  translator: ITranslator | null
): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}
