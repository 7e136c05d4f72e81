import { LabError } from '../errors.ts';
import type { FileSet } from '../tensor/source.ts';

/** No published config or tokenizer is near it; JSON of this size still parses in a second. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * JSON as Python's json module reads and writes it: NaN, Infinity and -Infinity are numbers, and of a key that comes
 * twice the last counts. `parsePythonJson('{"a": -Infinity, "b": "NaN"}')` is {a: -Infinity, b: 'NaN'}.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
  }
  // A number beyond float64 reads as Infinity; NaN has no number that does, and gets a text that is nowhere else.
  let nan = 'NaN';
  while (text.includes(`"${nan}"`)) nan += '_';
  const plain = text.replace(
    /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\w.])(?:NaN|Infinity)(?=\s*(?:[,\]}]|$))/g,
    (token) => {
      if (token === 'NaN') return `"${nan}"`;
      return token === 'Infinity' ? '1e999' : token;
    },
  );
  return JSON.parse(plain, (_, value: unknown) => (value === nan ? NaN : value));
}

/** @throws missing-file when the set lacks it, bad-config when it is too large or not JSON. */
export async function readJson(files: FileSet, name: string): Promise<unknown> {
  if (!files.names.includes(name)) {
    throw new LabError(
      'missing-file',
      `${name} is missing; there are: ${files.names.join(', ') || 'no files'}.`,
    );
  }
  const text = await readText(files, name);
  try {
    return parsePythonJson(text);
  } catch (error) {
    throw new LabError('bad-config', `${name} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

async function readText(files: FileSet, name: string): Promise<string> {
  const source = await files.open(name);
  if (source.byteLength > MAX_JSON_BYTES) {
    throw new LabError('bad-config', `${name} has ${source.byteLength} bytes; allowed: ${MAX_JSON_BYTES}.`);
  }
  return new TextDecoder().decode(await source.slice(0, source.byteLength));
}

/** The text of a file that a model need not have; undefined where it is missing. Throws bad-config when it is too large. */
export const readOptionalText = (files: FileSet, name: string): Promise<string | undefined> =>
  files.names.includes(name) ? readText(files, name) : Promise.resolve(undefined);

/** The JSON of a file that a model need not have; undefined where it is missing. Throws as readJson does. */
export const readOptionalJson = (files: FileSet, name: string): Promise<unknown> =>
  files.names.includes(name) ? readJson(files, name) : Promise.resolve(undefined);
