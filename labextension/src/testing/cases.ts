import { readFileSync } from 'fs';
import { join } from 'path';

/**
 * Read cases that Python code with the same rules must pass, too; without a
 * folder those of `jupyter safecoder bench replay`.
 */
export function readCases<T>(name: string, folder = 'evaluation/replay'): T[] {
  const path = join('../../../tests/unit', folder, 'cases', `${name}.json`);
  return JSON.parse(readFileSync(join(__dirname, path), 'utf-8')) as T[];
}
