import { LabError } from '../../errors.ts';
import { quote } from '../../tensor/json.ts';
import type { ByteSource } from '../../tensor/source.ts';
import { parseJson as parseText } from '../../tensor/parse_json.ts';

/** A file that was found: the path it was asked for by, and its bytes. */
export interface DataFile {
  path: string;
  source: ByteSource;
}

/** A JSON object or a row, and where it stands, for messages: `{where: 'mini_arc.jsonl, line 12', value: {…}}`. */
export interface DataRecord {
  where: string;
  value: Readonly<Record<string, unknown>>;
}

/** Refuses a record with the one sentence of all readers: where, which field, what was found, what is allowed. */
export function badData(where: string, field: string, found: unknown, allowed: string): never {
  throw new LabError('bad-data', `${where}: ${field} is ${show(found)}; allowed: ${allowed}`);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value);
}

/** The file as text, a byte order mark kept; bytes that are not UTF-8 are refused. */
export async function readText({ path, source }: DataFile): Promise<string> {
  const bytes = await source.slice(0, source.byteLength);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LabError('bad-data', `${path}: the file is not UTF-8 text; allowed: UTF-8`, { cause });
  }
}

/** Parses JSON text that a message will call `where`; a leading byte order mark is stepped over. */
export function parseJson(text: string, where: string): unknown {
  try {
    return parseText(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new LabError('bad-data', `${where}: ${quote(text)} is not JSON; allowed: one JSON value`, {
      cause,
    });
  }
}

/** The records of a file with one JSON object a line, in order; empty lines are skipped, an empty file is refused. */
export async function readJsonLines(file: DataFile): Promise<DataRecord[]> {
  const records: DataRecord[] = [];
  for (const [index, line] of (await readText(file)).split('\n').entries()) {
    const where = `${file.path}, line ${index + 1}`;
    if (line.trim() !== '') records.push(asRecord(parseJson(line, where), where, 'the line'));
  }
  if (records.length === 0) badData(file.path, 'the number of records', 0, '1 or more');
  return records;
}

/** `value` as a record; anything but a JSON object is refused under the name `field`. */
export function asRecord(value: unknown, where: string, field: string): DataRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    badData(where, field, value, 'an object');
  }
  return { where, value: value as Record<string, unknown> };
}

/** A field that must be a text of at least one character. */
export function textField({ where, value }: DataRecord, key: string, name = key): string {
  const text = value[key];
  if (typeof text !== 'string' || text === '') badData(where, name, text, 'a text that is not empty');
  return text;
}

/** A field that must be a list. */
export function listField({ where, value }: DataRecord, key: string, name = key): unknown[] {
  const list = value[key];
  if (!Array.isArray(list)) badData(where, name, list, 'a list');
  return list as unknown[];
}

/** A field that must be a list of texts, none of them empty. */
export function textsField(record: DataRecord, key: string, name = key): string[] {
  return listField(record, key, name).map((text, index) => {
    if (typeof text !== 'string' || text === '') {
      badData(record.where, `${name}[${index}]`, text, 'a text that is not empty');
    }
    return text;
  });
}
