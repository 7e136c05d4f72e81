/** How far a value may lie from the expected one: `atol + rtol * |expected|`. */
export interface Tolerance {
  atol: number;
  rtol: number;
}

/**
 * Where two arrays differ. `count` of `length` elements are outside the tolerance; the worst one is that whose error is
 * the most times its `bound`. `table` shows it with its neighbours.
 */
export interface Mismatch {
  readonly count: number;
  readonly length: number;
  readonly worst_index: number;
  readonly worst_error: number;
  readonly bound: number;
  readonly table: string;
}

/** Elements shown on each side of the worst one: a row of nine fits a terminal of 110 columns. */
const NEIGHBOURS = 4;

/** Equal infinities are no error; any other infinity, and every NaN, is an infinite one. */
function errorOf(actual: number, expected: number): number {
  if (actual === expected) return 0;
  const error = Math.abs(actual - expected);
  return Number.isFinite(error) ? error : Infinity;
}

/** An infinite expected value has no tolerance, or every actual one would pass. */
function boundOf(expected: number, { atol, rtol }: Tolerance): number {
  const bound = atol + rtol * Math.abs(expected);
  return Number.isFinite(bound) ? bound : 0;
}

function ratioOf(error: number, bound: number): number {
  return error === 0 ? 0 : error / bound;
}

/**
 * The mismatch, or undefined where all elements lie within the tolerance.
 * `compare([1, 2], [1, 2.5], {atol: 0.1, rtol: 0})` has count 1, worst_index 1, worst_error 0.5 and bound 0.1.
 * NaN never passes, not even for NaN; arrays of other lengths differ in every element that only one of them has.
 */
export function compare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
): Mismatch | undefined {
  const { length } = expected;
  if (actual.length !== length) {
    return {
      count: Math.abs(actual.length - length),
      length,
      worst_index: Math.min(actual.length, length),
      worst_error: Infinity,
      bound: 0,
      table: `actual has ${actual.length} elements, expected ${length}`,
    };
  }
  let count = 0;
  let worst_index = -1;
  let worst_error = 0;
  let worst_ratio = 0;
  for (let i = 0; i < length; i++) {
    const error = errorOf(actual[i]!, expected[i]!);
    const bound = boundOf(expected[i]!, tolerance);
    if (error <= bound) continue;
    count++;
    const ratio = ratioOf(error, bound);
    if (worst_index < 0 || ratio > worst_ratio || (ratio === worst_ratio && error > worst_error)) {
      [worst_index, worst_error, worst_ratio] = [i, error, ratio];
    }
  }
  if (count === 0) return undefined;
  return {
    count,
    length,
    worst_index,
    worst_error,
    bound: boundOf(expected[worst_index]!, tolerance),
    table: tableAround(actual, expected, tolerance, worst_index),
  };
}

function tableAround(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  worst: number,
): string {
  const columns = [['index', 'actual', '', 'expected']];
  for (let i = Math.max(0, worst - NEIGHBOURS); i <= worst + NEIGHBOURS && i < expected.length; i++) {
    const fails = !(errorOf(actual[i]!, expected[i]!) <= boundOf(expected[i]!, tolerance));
    const marker = i === worst ? '^^^' : fails ? '^' : '';
    columns.push([String(i), shown(actual[i]!), marker, shown(expected[i]!)]);
  }
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const row = (r: number) =>
    columns
      .map((cells, c) => cells[r]!.padStart(widths[c]!))
      .join('  ')
      .trimEnd();
  return [0, 1, 2, 3].map(row).join('\n');
}

/** Seven digits tell neighbouring float32 values apart nearly everywhere and keep the columns narrow. */
const shown = (x: number): string =>
  Number.isInteger(x) && Math.abs(x) < 1e7 ? String(x) : String(Number(x.toPrecision(7)));

/** A mismatch as text for a terminal or a page: `y: 1 of 2 elements differ; the worst at 1: error 0.5, allowed 0.1` and the table. */
export function formatMismatch(mismatch: Mismatch, name = 'actual'): string {
  const { count, length, worst_index, worst_error, bound, table } = mismatch;
  return `${name}: ${count} of ${length} elements differ; the worst at ${worst_index}: error ${shown(worst_error)}, allowed ${shown(bound)}\n${table}`;
}

/**
 * The largest error and the largest error over its tolerance, for reports; a ratio of at most 1 is a pass.
 * `maxError([1, 2], [1, 2.5], {atol: 0.1, rtol: 0})` is {max_error: 0.5, worst_ratio: 5}.
 */
export function maxError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
): { max_error: number; worst_ratio: number } {
  if (actual.length !== expected.length) return { max_error: Infinity, worst_ratio: Infinity };
  let max_error = 0;
  let worst_ratio = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = errorOf(actual[i]!, expected[i]!);
    max_error = Math.max(max_error, error);
    worst_ratio = Math.max(worst_ratio, ratioOf(error, boundOf(expected[i]!, tolerance)));
  }
  return { max_error, worst_ratio };
}
