import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the models and task sets lie that are too large or not ours to keep here. */
const DEFAULT = '../shared/data';

/**
 * The folder of models and task sets, or undefined where there is none: then tests skip and say so.
 * NIBBLE_DATA names another; a relative one counts from the repository's root.
 */
export function dataFolder(): string | undefined {
  const folder = resolve(ROOT, process.env['NIBBLE_DATA'] ?? DEFAULT);
  return existsSync(folder) ? folder : undefined;
}
