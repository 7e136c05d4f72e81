import { expect, test } from 'vitest';
import { compare, formatMismatch, maxError } from './compare.ts';

const exact = { atol: 0, rtol: 0 };

test('within atol + rtol * |expected| nothing differs', () => {
  expect(compare([1, 2, -3], [1, 2, -3], exact)).toBeUndefined();
  expect(compare([1.5, 10.75], [1, 10], { atol: 0.25, rtol: 0.25 })).toBeUndefined();
  expect(compare([], [], exact)).toBeUndefined();
  expect(compare([-0], [0], exact)).toBeUndefined();
  expect(compare(Float32Array.of(0.1), [0.1], { atol: 0, rtol: 2 ** -24 })).toBeUndefined();
});

test('counts what differs and finds the worst by error over tolerance', () => {
  // Errors 1, 0.5, 0; tolerances 1, 0.1, 0: the second is five times too far, the first just allowed.
  const mismatch = compare([11, 1.5, 0], [10, 1, 0], { atol: 0, rtol: 0.1 })!;
  expect(mismatch).toMatchObject({ count: 1, length: 3, worst_index: 1, worst_error: 0.5, bound: 0.1 });
  // Without a tolerance every ratio is infinite: then the larger error is the worse.
  expect(compare([1, 4, 2], [0, 0, 0], exact)).toMatchObject({ count: 3, worst_index: 1, worst_error: 4 });
});

test('NaN and infinity pass only where both are the same infinity', () => {
  const wide = { atol: 1e9, rtol: 1 };
  expect(compare([Infinity, -Infinity], [Infinity, -Infinity], exact)).toBeUndefined();
  for (const [actual, expected] of [
    [NaN, NaN], [NaN, 1], [1, NaN], [Infinity, 1], [1, Infinity], [Infinity, -Infinity], [NaN, Infinity],
  ] as const) {
    expect(compare([0, actual], [0, expected], wide)).toMatchObject({ count: 1, worst_index: 1, worst_error: Infinity });
    expect(maxError([actual], [expected], wide)).toEqual({ max_error: Infinity, worst_ratio: Infinity });
  } // prettier-ignore
});

test('another length is a mismatch', () => {
  const mismatch = compare([1, 2, 3], [1, 2], exact)!;
  expect(mismatch).toMatchObject({ count: 1, length: 2, worst_index: 2, worst_error: Infinity });
  expect(mismatch.table).toBe('actual has 3 elements, expected 2');
  expect(compare([], [1], exact)).toMatchObject({ count: 1, worst_index: 0 });
});

test('the table shows the worst element with four neighbours on each side', () => {
  const expected = Array.from({ length: 20 }, (_, i) => i / 4);
  const actual = [...expected];
  actual[9] = 2.5;
  actual[10] = 7;
  const mismatch = compare(actual, expected, { atol: 0.1, rtol: 0 })!;
  expect(formatMismatch(mismatch, 'y')).toBe(
    [
      'y: 2 of 20 elements differ; the worst at 10: error 4.5, allowed 0.1',
      '   index    6     7  8     9   10    11  12    13   14',
      '  actual  1.5  1.75  2   2.5    7  2.75   3  3.25  3.5',
      '                           ^  ^^^',
      'expected  1.5  1.75  2  2.25  2.5  2.75   3  3.25  3.5',
    ].join('\n'),
  );
});

test('maxError reports the largest error and the largest share of the tolerance', () => {
  expect(maxError([11, 1.5], [10, 1], { atol: 0, rtol: 0.1 })).toEqual({ max_error: 1, worst_ratio: 5 });
  expect(maxError([1], [1], exact)).toEqual({ max_error: 0, worst_ratio: 0 });
  expect(maxError([1], [1, 2], exact)).toEqual({ max_error: Infinity, worst_ratio: Infinity });
});
