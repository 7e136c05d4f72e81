import { expect, test } from 'vitest';
import { int8Example, int8Sentence } from './llm_int8_picture.ts';

test('leaving the large columns out makes the product better; a threshold of nothing leaves all in', () => {
  const off = int8Example(0);
  const six = int8Example(6);
  expect(off.outlier_cols).toEqual([]);
  expect(six.outlier_cols).toEqual([4, 11]);
  expect(six.error).toBeLessThan(0.6 * off.error);
  expect(int8Sentence(six, 6)).toMatch(/^From 6\.0 on, 2 columns of 14 are multiplied in floats/);
  // Nothing is left to be in integers.
  expect(int8Example(0.01).outlier_cols).toHaveLength(14);
});
