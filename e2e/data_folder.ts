import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The folder of models and task sets that are too large or not ours to keep here, as NIBBLE_DATA names it, or undefined
 * where there is none: then tests skip and say so. A relative path counts from the repository's root.
 */
export function dataFolder(): string | undefined {
  const named = process.env['NIBBLE_DATA'];
  if (named === undefined) return undefined;
  const folder = resolve(ROOT, named);
  return existsSync(folder) ? folder : undefined;
}
