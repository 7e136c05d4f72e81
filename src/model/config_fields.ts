import { LabError } from '../errors.ts';

/** The object of a config.json, or of one of its fields. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a number that may be absent only where `missing` stands in for it.
 * @throws bad-config naming the field, its value and the range allowed, as the other readers here do.
 */
export function number(json: Json, field: string, least: number, most: number, missing?: number): number {
  const value = json[field] ?? missing;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  const found = value === undefined ? 'missing' : JSON.stringify(value);
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${found}; allowed: a number from ${least} to ${most}.`,
  );
}

/** Reads a whole number. */
export function integer(json: Json, field: string, least: number, most: number, missing?: number): number {
  const value = number(json, field, least, most, missing);
  if (Number.isInteger(value)) return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${value}; allowed: a whole number from ${least} to ${most}.`,
  );
}

/** Reads a whole number of tokens that may be absent or null. */
export const optionalInteger = (json: Json, field: string): number | undefined =>
  json[field] === undefined || json[field] === null ? undefined : integer(json, field, 1, 2 ** 24);

/** Reads true or false; an absent field is false. */
export function boolean(json: Json, field: string): boolean {
  const value = json[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${JSON.stringify(value)}; allowed: true or false.`,
  );
}

/**
 * Refuses a model whose field asks for other arithmetic than is computed here: `requireOnly(json, 'hidden_act', 'silu')`
 * passes a config.json that says silu or nothing.
 * @throws unsupported-architecture naming the field, its value and the one supported.
 */
export function requireOnly(json: Json, field: string, only: string | boolean): void {
  const value = json[field] ?? only;
  if (value === only) return;
  throw new LabError(
    'unsupported-architecture',
    `config.json: ${field} is ${shown(value)}; supported: ${String(only)}.`,
  );
}

/** Reads eos_token_id, one id or several. */
export const eosIds = (json: Json): number[] =>
  [json.eos_token_id].flat().filter((id): id is number => Number.isInteger(id));

/** Counts a classifier's classes: transformers writes their names, and their number only where it is not 2. */
export function labels(json: Json): number {
  const named = isObject(json.id2label) ? Object.keys(json.id2label).length : 2;
  return integer(json, 'num_labels', 1, 100_000, named);
}

/** A value of a config as a sentence shows it: text bare, anything else as JSON. */
export const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** True if a value is an object with fields. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
