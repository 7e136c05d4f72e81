import { parseRoute } from '../shell/route.ts';
import type { ScreenName } from '../shell/screens.ts';

/** A field of the address: its key, how its value is written and read, and the value it has where it is missing. */
export interface Field<T> {
  key: string;
  missing: T;
  print: (value: T) => string;
  /** undefined for a text that is not allowed: then the address says nothing. */
  parse: (text: string) => T | undefined;
}

/** The table of properties a screen keeps in the address; adding a knob is one row. */
export type QueryTable<S> = { [K in keyof S]: Field<S[K]> };

/** The state as a query that a person can read: only what differs from `missing` is written, `block=128&outliers=4`. */
export function printQuery<S extends object>(table: QueryTable<S>, state: S): string {
  return keysOf(table)
    .filter((name) => table[name].print(state[name]) !== table[name].print(table[name].missing))
    .map((name) => `${table[name].key}=${escape(table[name].print(state[name]))}`)
    .join('&');
}

/**
 * The state a query stands for; a field that is missing or has a value that is not allowed takes its `missing` value.
 */
export function parseQuery<S extends object>(table: QueryTable<S>, query: string): S {
  const given = new URLSearchParams(query);
  const entries = keysOf(table).map((name) => {
    const text = given.get(table[name].key);
    const value = text === null ? undefined : table[name].parse(text);
    return [name, value ?? table[name].missing] as const;
  });
  return Object.fromEntries(entries) as S;
}

/** The text that stands for each key where a query lacks it: `{block: '64', outliers: '0', …}`. */
export const missingTexts = <S extends object>(table: QueryTable<S>): Record<string, string> =>
  Object.fromEntries(keysOf(table).map((name) => [table[name].key, table[name].print(table[name].missing)]));

const keysOf = <S extends object>(table: QueryTable<S>) => Object.keys(table) as (keyof S)[];

/** Escapes a value, but for commas and slashes: after "#" they need none, and a person reads them better. */
const escape = (text: string): string =>
  encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%2F', '/');

/** One of a few words. */
export const word = <T extends string>(key: string, allowed: readonly T[], missing: T): Field<T> => ({
  key,
  missing,
  print: (value) => value,
  parse: (text) => allowed.find((value) => value === text),
});

/** A whole number within limits. */
export const wholeNumber = (key: string, least: number, most: number, missing: number): Field<number> => ({
  key,
  missing,
  print: String,
  parse: (text) => (/^-?\d{1,9}$/.test(text) && +text >= least && +text <= most ? +text : undefined),
});

/** A whole number within limits, or none. */
export const maybeWhole = (key: string, least: number, most: number): Field<number | undefined> => ({
  key,
  missing: undefined,
  print: (value) => (value === undefined ? '' : String(value)),
  parse: wholeNumber(key, least, most, least).parse,
});

/** One of a few numbers. */
export const oneNumber = (key: string, allowed: readonly number[], missing: number): Field<number> => ({
  key,
  missing,
  print: String,
  parse: (text) => allowed.find((value) => String(value) === text),
});

/** On or off; written as 1 where it is on. */
export const flag = (key: string): Field<boolean> => ({
  key,
  missing: false,
  print: (value) => (value ? '1' : '0'),
  parse: (text) => (text === '1' ? true : text === '0' ? false : undefined),
});

/** Text of at most so many characters. */
export const shortText = (key: string, most: number, missing = ''): Field<string> => ({
  key,
  missing,
  print: (value) => value,
  parse: (text) => (text.length <= most ? text : undefined),
});

/**
 * Puts a query behind a screen's hash in the address, in place of the query there. Where the reader has gone to another
 * screen since, and this one is not yet told, the address is no longer its own.
 */
export function writeQuery(screen: ScreenName, query: string): void {
  if (parseRoute(location.hash).screen !== screen) return;
  const hash = query ? `#/${screen}?${query}` : `#/${screen}`;
  if (location.hash === hash || (query === '' && location.hash === '')) return;
  history.replaceState(history.state, '', hash);
}
