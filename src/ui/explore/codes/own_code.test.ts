import { expect, test } from 'vitest';
import { quantizeBlockwise } from '../../../quant/blockwise.ts';
import { customCodebook } from '../../../quant/codebook.ts';
import { NF4 } from '../../../quant/formats/nf4.ts';
import { report } from '../../../quant/error.ts';
import { lloydStep, moveLevel, placeByQuantiles, scaleWeights } from './own_code.ts';
import { drawWeights } from '../weights/weights.ts';

const weights = drawWeights('normal');
const scaled = scaleWeights(weights, 64);
const mse = (code: readonly number[]) =>
  report(weights, quantizeBlockwise(weights, customCodebook(code), 64)).mse;

test('Lloyd steps never raise the squared error, and end below NF4', () => {
  let code: number[] = [...NF4.code];
  let before = mse(code);
  const first = before;
  for (let step = 0; step < 12; step++) {
    code = lloydStep(code, scaled);
    expect(mse(code)).toBeLessThanOrEqual(before * (1 + 1e-6));
    before = mse(code);
  }
  expect(before).toBeLessThan(0.97 * first);
});

test('quantiles put about as many weights on each value', () => {
  const book = customCodebook(placeByQuantiles(scaled));
  const { packed } = quantizeBlockwise(weights, book, 64);
  const counts = new Array<number>(16).fill(0);
  for (const byte of packed) for (const nibble of [byte >> 4, byte & 15]) counts[nibble]!++;
  // The outer two were moved out to the ends.
  for (const n of counts.slice(2, 14)) expect(Math.abs(n / weights.data.length - 1 / 16)).toBeLessThan(0.015);
});

test('a value stops at its neighbours and at the ends', () => {
  const code = Array.from({ length: 16 }, (_, i) => -1 + (2 * i) / 15);
  expect(moveLevel(code, 3, 5)[3]).toBe(code[4]);
  expect(moveLevel(code, 0, -3)[0]).toBe(-1);
  expect(moveLevel(code, 15, 0.9)[15]).toBe(0.9);
});

test('a block of zeros scales to zeros', () => {
  expect([...scaleWeights({ shape: [2], data: new Float32Array(2) }, 2).scaled]).toEqual([0, 0]);
});
