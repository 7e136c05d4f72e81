/**
 * The entry of a table under a name that comes from outside, or undefined: `own({ nf4: 1 }, 'constructor')` is undefined,
 * where a plain look-up finds what every object inherits.
 */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
