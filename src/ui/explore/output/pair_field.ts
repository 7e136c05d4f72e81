import type { Field } from '../../page/query_state.ts';
import type { Pair } from './output_error.ts';

/** The farthest a weight may be pulled, in steps. */
export const FARTHEST = 2.5;

/** Two weights that round to other points by their output than by themselves. */
const START: Pair = [0.45, 0.4];

/** Two weights in hundredths of a step: "45,40". */
export const pairField = (key: string): Field<Pair> => ({
  key,
  missing: START,
  print: (pair) => pair.map((value) => Math.round(100 * value)).join(','),
  parse(text) {
    const values = text.split(',');
    const valid =
      values.length === 2 &&
      values.every((value) => /^-?\d{1,3}$/.test(value) && Math.abs(+value) <= 100 * FARTHEST);
    return valid ? [+values[0]! / 100, +values[1]! / 100] : undefined;
  },
});
