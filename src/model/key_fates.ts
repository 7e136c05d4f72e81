/** What became of a key of one of a model's JSON files. */
export type KeyFate =
  | { key: string; fate: 'read' }
  /** It changes no number computed here, for a reason. */
  | { key: string; fate: 'harmless'; reason: string }
  /** It may change numbers in a way that is not computed here. */
  | { key: string; fate: 'refused'; value: unknown }
  /** The file was refused for something else before it. */
  | { key: string; fate: 'unreached' };

/** The reason of keys that are null, false or empty. */
export const SAYS_NOTHING = 'says nothing';

/** A table of keys that share a reason: `sharing('who wrote it', 'name revision')` is {name: 'who wrote it', …}. */
export const sharing = (reason: string, keys: string): Record<string, string> =>
  Object.fromEntries((keys.match(/\S+/g) ?? []).map((key) => [key, reason]));

/** The fates of an object's keys by tables: those that are read, those that are harmless, and values that say nothing. */
export function fatesByTable(
  json: Readonly<Record<string, unknown>>,
  isRead: (key: string) => boolean,
  reasonOf: (key: string, value: unknown) => string | undefined,
  saysNothing: (value: unknown) => boolean,
): KeyFate[] {
  return Object.entries(json).map(([key, value]): KeyFate => {
    if (isRead(key)) return { key, fate: 'read' };
    const reason = reasonOf(key, value) ?? (saysNothing(value) ? SAYS_NOTHING : undefined);
    return reason === undefined ? { key, fate: 'refused', value } : { key, fate: 'harmless', reason };
  });
}

/** The keys among some that are refused. */
export const refusedOf = (fates: readonly KeyFate[]): Extract<KeyFate, { fate: 'refused' }>[] =>
  fates.filter((each) => each.fate === 'refused');

/** The reason a table of reasons has for a key, if any. */
export const reasonIn =
  (...tables: readonly Readonly<Record<string, string>>[]) =>
  (key: string): string | undefined => {
    const table = tables.find((each) => Object.hasOwn(each, key));
    return table?.[key];
  };
