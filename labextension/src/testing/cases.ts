import { readFileSync } from 'fs';
import { join } from 'path';

/**
 * Read cases that `jupyter safecoder bench replay`, which has the same rules in
 * Python, must pass, too.
 */
export function readCases<T>(name: string): T[] {
  const folder = '../../../tests/unit/evaluation/replay/cases';
  return JSON.parse(
    readFileSync(join(__dirname, folder, `${name}.json`), 'utf-8')
  ) as T[];
}
