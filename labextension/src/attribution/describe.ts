import { TranslationBundle } from '@jupyterlab/translation';

import { IAttribution } from '../protocol';

/**
 * Describe where a part of a suggestion is from.
 *
 * @param source - The source.
 * @param trans - Translates the description.
 */
export function describeSource(
  source: IAttribution,
  trans: TranslationBundle
): string {
  const license =
    source.license === 'NOASSERTION'
      ? trans.__('license not known')
      : source.license;
  const file = `${source.source}/${source.path}`;
  return source.kind === 'verbatim'
    ? trans.__('matches %1, %2', file, license)
    : trans.__('like %1, with other names, %2', file, license);
}

/**
 * Describe where a suggestion is from, in one line.
 *
 * @param sources - Its sources.
 * @param trans - Translates the description.
 */
export function describeSources(
  sources: readonly IAttribution[],
  trans: TranslationBundle
): string {
  return sources.map(source => describeSource(source, trans)).join('; ');
}
