import { LabError } from '../errors.ts';
import type { FileSet } from '../tensor/source.ts';
import { isObject, type Json } from './config_fields.ts';
import { parseJson } from '../tensor/parse_json.ts';

/** No published config or tokenizer is near it; JSON of this size still parses in a second. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * JSON as Python's json module reads and writes it: NaN, Infinity and -Infinity are numbers, and of a key that comes
 * twice the last counts. `parsePythonJson('{"a": -Infinity, "b": "NaN"}')` is {a: -Infinity, b: 'NaN'}.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return parseJson(text);
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

/**
 * The members of a JSON object as they are written, of a key that comes twice the last:
 * `writtenMembers('{"a": 1.0, "b": [NaN]}')` is Map {'a' -> '1.0', 'b' -> '[NaN]'}. Python tells 1.0 from 1, and so
 * does whoever checks a config's types.
 * @param text of an object that has been read without a fault
 */
export function writtenMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let begin = 0;
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/g)) {
    if (token === ':' && depth === 1) begin = index + 1;
    else if (token.startsWith('"') && depth === 1 && key === undefined) key = JSON.parse(token) as string;
    else if ('{['.includes(token)) depth++;
    else if ('}],'.includes(token)) {
      if (depth === 1 && key !== undefined) members.set(key, text.slice(begin, index).trim());
      if (depth === 1) key = undefined;
      if (token !== ',') depth--;
    }
  }
  return members;
}

/** Prints an object by its members as writtenMembers gives them, a line each. */
export const printMembers = (members: ReadonlyMap<string, string>): string =>
  `{\n${[...members].map(([key, value]) => `  ${JSON.stringify(key)}: ${value}`).join(',\n')}\n}\n`;

/**
 * Reads a JSON file of a model, which holds an object.
 * @throws missing-file when the set lacks it; bad-config when it is too large, is not UTF-8 as transformers reads it,
 * or is no JSON object.
 */
export async function readJson(files: FileSet, name: string): Promise<Json> {
  return parseObject(name, await readJsonBytes(files, name));
}

/** The members of a JSON file as they are written. Throws as readJson does. */
export async function readMembers(files: FileSet, name: string): Promise<Map<string, string>> {
  const bytes = await readJsonBytes(files, name);
  parseObject(name, bytes);
  return writtenMembers(new TextDecoder().decode(bytes));
}

async function readJsonBytes(files: FileSet, name: string): Promise<Uint8Array> {
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
  return source.slice(0, source.byteLength);
}

/**
 * Reads the bytes of a JSON file that holds an object: UTF-8 without a byte order mark, as Python's json module wants.
 * @throws bad-config saying what the file is instead
 */
export function parseObject(name: string, bytes: Uint8Array): Json {
  const json = parseBytes(name, bytes);
  if (isObject(json)) return json;
  throw new LabError('bad-config', `${name} is ${kindOf(json)}; allowed: a JSON object.`);
}

function parseBytes(name: string, bytes: Uint8Array): unknown {
  const encoding = foreignEncoding(bytes);
  if (encoding !== undefined) {
    throw new LabError(
      'bad-config',
      `${name} is ${encoding}; allowed: UTF-8 without a byte order mark, as transformers reads it.`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new LabError('bad-config', `${name} is not UTF-8, at least not all of it.`, { cause: error });
  }
  if (text.trim() === '') throw new LabError('bad-config', `${name} is empty; allowed: a JSON object.`);
  try {
    return parsePythonJson(text);
  } catch (error) {
    throw new LabError('bad-config', `${name} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

/** The text of a file that a model need not have; undefined where it is missing. Throws bad-config when it is too large. */
export const readOptionalText = async (files: FileSet, name: string): Promise<string | undefined> =>
  files.names.includes(name) ? new TextDecoder().decode(await readJsonBytes(files, name)) : undefined;

/** What a file's first bytes say of its encoding, where that is none that Python's json module takes from transformers. */
function foreignEncoding([a, b, c, d]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'UTF-8 behind a byte order mark';
  const marked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  // JSON begins with two characters of ASCII.
  if (marked || (a === 0 && b !== 0) || (a !== 0 && b === 0)) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16';
  return a === 0 && b === 0 ? 'UTF-32, or zeros' : undefined;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' ? 'a number' : String(value);
}

/** The JSON of a file that a model need not have; undefined where it is missing. Throws as readJson does. */
export const readOptionalJson = (files: FileSet, name: string): Promise<Json | undefined> =>
  files.names.includes(name) ? readJson(files, name) : Promise.resolve(undefined);
