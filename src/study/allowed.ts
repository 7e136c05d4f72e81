import * as v from 'valibot';

// A refusal reads "<key> is <value>; allowed: <message>", so each message below says what is allowed.

/** The values as a refusal lists them. */
export const allowedList = (values: readonly unknown[]): string =>
  values.map((value) => JSON.stringify(value)).join(', ');

/** A schema of one of these values. */
export const oneOf = <const T extends readonly (string | number | boolean)[]>(values: T) =>
  v.picklist(values as unknown as readonly string[], allowedList(values)) as unknown as v.GenericSchema<
    T[number]
  >;
