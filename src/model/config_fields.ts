import { LabError } from '../errors.ts';

/** The object of a config.json, or of one of its fields. */
export type Json = Readonly<Record<string, unknown>>;

/** The fields of a config.json or of an object in it, which know whether they have been read. */
export interface Fields {
  /** The value of a field, which counts as read from now on. */
  get(field: string): unknown;
  /** The fields of an object, which are to be read in their turn; undefined where the field holds none. */
  within(field: string): Fields | undefined;
  /** The fields not read so far; those of an object that was entered are named by both: `rope_scaling.factor`. */
  unread(): { field: string; value: unknown }[];
  /** All fields with whether they have been read, those of entered objects among them. */
  all(): { field: string; value: unknown; read: boolean }[];
}

/** The fields of an object, none of which has been read. */
export function fieldsOf(json: Json): Fields {
  const read = new Set<string>();
  const entered = new Map<string, Fields>();
  return {
    get(field) {
      read.add(field);
      return json[field];
    },
    within(field) {
      read.add(field);
      const value = json[field];
      if (!isObject(value)) return undefined;
      const inner = entered.get(field) ?? fieldsOf(value);
      entered.set(field, inner);
      return inner;
    },
    unread: () => all().filter(({ read }) => !read),
    all,
  };
  function all(): ReturnType<Fields['all']> {
    return Object.entries(json).flatMap(([field, value]) => [
      { field, value, read: read.has(field) },
      ...(entered.get(field)?.all() ?? []).map((inner) => ({ ...inner, field: `${field}.${inner.field}` })),
    ]);
  }
}

/**
 * Fields by a class's own names, where transformers takes each by its common name, too, and by that first
 * (PreTrainedConfig's attribute_map): of `{ hidden_size: 64, n_embd: 32 }` by `{ hidden_size: 'n_embd' }` n_embd is 64.
 */
export const byOwnNames = (fields: Fields, attribute_map: Readonly<Record<string, string>>): Fields => ({
  ...fields,
  get(field) {
    const own = fields.get(field);
    const common = Object.keys(attribute_map).find((name) => attribute_map[name] === field);
    const value = common === undefined ? undefined : fields.get(common);
    return value === undefined ? own : value;
  },
});

/**
 * Reads a number that may be absent only where `missing` stands in for it.
 * @throws bad-config naming the field, its value and the range allowed, as the other readers here do.
 */
export function number(fields: Fields, field: string, least: number, most: number, missing?: number): number {
  const value = fields.get(field) ?? missing;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  const found = value === undefined ? 'missing' : JSON.stringify(value);
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${found}; allowed: a number from ${least} to ${most}.`,
  );
}

/** Reads a whole number. */
export function integer(
  fields: Fields,
  field: string,
  least: number,
  most: number,
  missing?: number,
): number {
  const value = number(fields, field, least, most, missing);
  if (Number.isInteger(value)) return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${value}; allowed: a whole number from ${least} to ${most}.`,
  );
}

/** Reads a whole number of tokens that may be null; where it is absent, `missing` stands in for it. */
export function optionalInteger(fields: Fields, field: string, missing?: number): number | undefined {
  const value = fields.get(field);
  return value === null || (value ?? missing) === undefined
    ? undefined
    : integer(fields, field, 1, 2 ** 24, missing);
}

/** Reads a number that may be null for none; where it is absent, `missing` stands in for it. */
export function optionalNumber(
  fields: Fields,
  field: string,
  least: number,
  most: number,
  missing?: number,
): number | undefined {
  const value = fields.get(field);
  return value === null || (value ?? missing) === undefined
    ? undefined
    : number(fields, field, least, most, missing);
}

/** Reads true or false; for an absent field `missing` stands in. */
export function boolean(fields: Fields, field: string, missing = false): boolean {
  const value = fields.get(field) ?? missing;
  if (typeof value === 'boolean') return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${JSON.stringify(value)}; allowed: true or false.`,
  );
}

/**
 * Refuses a model whose field asks for other arithmetic than is computed here:
 * `requireOnly(fields, 'scale_attn_weights', true)` passes a config.json that says true, or nothing.
 * @throws unsupported-architecture naming the field, its value and the one supported.
 */
export function requireOnly(fields: Fields, field: string, only: string | number | boolean): void {
  const value = fields.get(field) ?? only;
  if (value === only) return;
  throw new LabError(
    'unsupported-architecture',
    `config.json: ${field} is ${shown(value)}; supported: ${String(only)}.`,
  );
}

/**
 * Refuses a model whose tokens see those behind them.
 * @throws unsupported-architecture
 */
export function requireCausal(fields: Fields): void {
  const value = fields.get('is_causal') ?? true;
  if (value === true) return;
  throw new LabError(
    'unsupported-architecture',
    `config.json says is_causal: ${shown(value)}; Nibble computes causal attention only.`,
  );
}

/** Reads eos_token_id, one id or several; null stands for none, and for an absent one the class's own. */
export function eosIds(fields: Fields, missing?: number | readonly number[]): number[] {
  const value = fields.get('eos_token_id');
  return [value === undefined ? missing : value].flat().filter((id): id is number => Number.isInteger(id));
}

/** Counts a classifier's classes: transformers writes their names, and their number only where it is not 2. */
export function labels(fields: Fields): number {
  const names = fields.get('id2label');
  const named = isObject(names) ? Object.keys(names).length : 2;
  return integer(fields, 'num_labels', 1, 100_000, named);
}

/** A value of a config as a sentence shows it: text bare, anything else as JSON. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** True if a value is an object with fields. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
