import { countSteps } from '../../../../test/fixtures/count_steps.ts';
import { expect, test } from 'vitest';
import { CODEBOOKS } from '../../../quant/config.ts';
import { comparison, measure } from './measure.ts';
import { DRAWS, drawWeights, plantOutliers, standardDeviation, type DrawName } from './weights.ts';

const errorsOf = (name: DrawName, blocksize: number) => {
  const weights = drawWeights(name);
  return measure(weights, blocksize, standardDeviation(weights), [CODEBOOKS.int4]).errors;
};

test('every drawn distribution has the standard deviation 1, as far as 16,384 weights tell', () => {
  for (const name of Object.keys(DRAWS) as DrawName[]) {
    // Student-t with 3 degrees has no fourth moment, so its deviation settles slowly.
    expect(Math.abs(standardDeviation(drawWeights(name)) - 1)).toBeLessThan(name === 'student' ? 0.15 : 0.02);
  }
});

test('normal weights: NF4 is a quarter better than FP4 at block size 64', () => {
  const { nf4, fp4 } = errorsOf('normal', 64);
  expect(nf4).toBeCloseTo(0.0728, 2);
  expect(fp4).toBeCloseTo(0.0966, 2);
  expect(comparison({ nf4, fp4 })).toMatch(/^NF4 is 2[3-6] % lower than FP4 here$/);
});

test('uniform weights: the ruler wins', () => {
  const { nf4, fp4, int4 } = errorsOf('uniform', 64);
  expect(int4).toBeLessThan(nf4);
  expect(nf4).toBeLessThan(fp4);
  expect(comparison({ nf4, fp4, int4: int4! })).toMatch(/; INT4 is lowest of the three$/);
});

test('larger blocks and outliers raise the error', () => {
  expect(errorsOf('student', 4096).nf4).toBeGreaterThan(2 * errorsOf('student', 64).nf4);
  const weights = drawWeights('normal');
  const deviation = standardDeviation(weights);
  const with8 = measure(plantOutliers(weights, 8, deviation), 64, deviation, []);
  expect(with8.errors.nf4).toBeGreaterThan(measure(weights, 64, deviation, []).errors.nf4);
});

test('a slider move costs each weight the same few steps, however many there are and however large the blocks', async () => {
  const weights = drawWeights('normal');
  for (const blocksize of [32, 4096]) {
    const steps = await countSteps('src', () => measure(weights, blocksize, 1, [CODEBOOKS.int4]));
    // For each of the three codebooks: its block's absmax, four comparisons, and the way back.
    expect(steps / weights.data.length).toBeGreaterThan(3);
    expect(steps / weights.data.length).toBeLessThan(45);
  }
});

test('a codebook of one’s own is held against NF4', () => {
  expect(comparison({ nf4: 0.08, fp4: 0.1, custom: 0.06 })).toBe(
    'NF4 is 20 % lower than FP4 here; yours is 25 % lower than NF4',
  );
});
