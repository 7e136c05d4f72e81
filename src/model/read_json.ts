import { LabError } from '../errors.ts';
import type { FileSet } from '../tensor/source.ts';

/** No published config or tokenizer is near it; JSON of this size still parses in a second. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** @throws missing-file when the set lacks it, bad-config when it is too large or not JSON. */
export async function readJson(files: FileSet, name: string): Promise<unknown> {
  if (!files.names.includes(name)) {
    throw new LabError(
      'missing-file',
      `${name} is missing; there are: ${files.names.join(', ') || 'no files'}.`,
    );
  }
  const source = await files.open(name);
  if (source.byteLength > MAX_JSON_BYTES) {
    throw new LabError('bad-config', `${name} has ${source.byteLength} bytes; allowed: ${MAX_JSON_BYTES}.`);
  }
  const text = new TextDecoder().decode(await source.slice(0, source.byteLength));
  try {
    return parsePython(text);
  } catch (error) {
    throw new LabError('bad-config', `${name} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

/**
 * Parses JSON as Python writes it, with three constants beyond the standard: infinities become numbers that JavaScript
 * reads as such; NaN becomes a string, which no field that is a number allows.
 */
function parsePython(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    const standard = text.replace(/"(?:[^"\\]|\\.)*"|NaN|Infinity/g, (found) => CONSTANTS[found] ?? found);
    return JSON.parse(standard);
  }
}

const CONSTANTS: Readonly<Record<string, string>> = { NaN: '"NaN"', Infinity: '1e999' };
