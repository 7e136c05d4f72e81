import { expect, test } from 'vitest';
import { NF4 } from '../../../quant/formats/nf4.ts';
import { deriveNf4, normalQuantile, normalShare } from './normal.ts';

test('the normal distribution at its known points', () => {
  expect(normalShare(1.959963984540054)).toBeCloseTo(0.975, 12);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 10);
  expect(normalQuantile(0.5)).toBeCloseTo(0, 12);
});

test('NF4 is what its derivation gives', () => {
  const derived = deriveNf4();
  expect(derived).toHaveLength(16);
  derived.forEach(({ value }, i) => expect(Math.abs(value - NF4.code[i]!)).toBeLessThan(1e-6));
});
