import { LabError } from '../../errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Throws bad-tokenizer with this sentence. */
export function refuse(sentence: string): never {
  throw new LabError('bad-tokenizer', sentence);
}

/** A value as it stands in a sentence, cut where it is long: `{"Regex":"…`. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Names of a long list, written with white space between. */
export const words = (names: string): string[] => names.trim().split(/\s+/);

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws bad-tokenizer when `json` is not an object */
export function objectOf(json: unknown, where: string): Json {
  return isObject(json) ? json : refuse(`${where} is ${quoted(json)}; it must be an object.`);
}

/** The fields of one JSON object, asked for by name, so that one that is never asked for can be refused. */
export interface Fields {
  /** Names the object in sentences: "tokenizer.json: pre_tokenizer Split". */
  readonly where: string;
  value(key: string): unknown;
  /** Each throws bad-tokenizer when the field has another type, or is missing and `otherwise` is not given. */
  boolean(key: string, otherwise?: boolean): boolean;
  text(key: string, otherwise?: string): string;
  count(key: string, otherwise?: number): number;
  choice<T extends string>(key: string, allowed: readonly T[], otherwise?: T): T;
  list(key: string): readonly unknown[];
  /** Takes fields as read, whatever they say. */
  skip(...keys: string[]): void;
  /** @throws bad-tokenizer naming a field that was never asked for */
  done(): void;
}

/** Fields of a JSON object. A field that is null counts as missing. */
export function fieldsOf(json: unknown, where: string): Fields {
  const object = objectOf(json, where);
  const asked = new Set<string>();
  const value = (key: string): unknown => {
    asked.add(key);
    return Object.hasOwn(object, key) ? object[key] : undefined;
  };
  function read<T>(key: string, otherwise: T | undefined, kind: string, is: (found: unknown) => boolean): T {
    const found = value(key) ?? otherwise;
    return is(found) ? (found as T) : refuse(`${where}: ${key} is ${quoted(found)}; it must be ${kind}.`);
  }
  return {
    where,
    value,
    boolean: (key, otherwise) => read(key, otherwise, 'true or false', (found) => typeof found === 'boolean'),
    text: (key, otherwise) => read(key, otherwise, 'a text', (found) => typeof found === 'string'),
    count: (key, otherwise) =>
      read(
        key,
        otherwise,
        'a whole number of at least 0',
        (found) => Number.isSafeInteger(found) && (found as number) >= 0,
      ),
    choice: (key, allowed, otherwise) =>
      read(key, otherwise, `one of ${allowed.join(', ')}`, (found) =>
        (allowed as readonly unknown[]).includes(found),
      ),
    list: (key) => read<readonly unknown[]>(key, undefined, 'a list', Array.isArray),
    skip: (...keys) => keys.forEach((key) => asked.add(key)),
    done() {
      const unread = Object.keys(object).find((key) => !asked.has(key) && (object[key] ?? null) !== null);
      if (unread !== undefined) {
        refuse(`${where}: ${unread} is ${quoted(object[unread])}; this is not known here.`);
      }
    },
  };
}

/** Makes a part of tokenizer.json by the row of its type. `path` names where it stands: "pre_tokenizer". */
export type PartTable<T> = Readonly<Record<string, (fields: Fields) => T>>;

/** @throws bad-tokenizer when the table has no such type, or the part has a field its row does not read */
export function readPart<T>(json: unknown, path: string, table: PartTable<T>): T {
  const type = fieldsOf(json, `tokenizer.json: ${path}`).text('type');
  if (!Object.hasOwn(table, type)) {
    refuse(
      `tokenizer.json: ${path} ${type} is not computed here; computed are ${Object.keys(table).join(', ')}.`,
    );
  }
  const fields = fieldsOf(json, `tokenizer.json: ${path} ${type}`);
  fields.skip('type');
  const part = table[type]!(fields);
  fields.done();
  return part;
}
