import { expect, test } from 'vitest';
import { spreadLabels } from './labels.ts';

test('labels that share a column are moved apart, others stay', () => {
  const at = (x: number, y: number) => ({ x, y, width: 50 });
  expect(spreadLabels([at(0, 10), at(10, 10), at(200, 10)], 16)).toEqual([10, 26, 10]);
  expect(spreadLabels([at(0, 30), at(0, 20), at(0, 22)], 16)).toEqual([52, 20, 36]);
});
