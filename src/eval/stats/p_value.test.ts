import { expect, test } from 'vitest';
import { pValue } from './p_value.ts';

test('p', () => {
  expect([0.0004, 0.2186].map(pValue)).toEqual(['p < 0.001', 'p = 0.219']);
});
