import { expect, test } from 'vitest';
import { outputError, outputSentence, waysToRound, type Pair } from './output_error.ts';
import { FARTHEST, pairField } from './pair_field.ts';

const everywhere: Pair[] = Array.from({ length: 21 * 21 }, (_, i) => [
  -FARTHEST + (FARTHEST * (i % 21)) / 10,
  -FARTHEST + (FARTHEST * Math.floor(i / 21)) / 10,
]);

test('errors that cancel: 0.5 and −0.5 under a correlation of 0.9 are 0.224 in the output', () => {
  expect(outputError([0.5, -0.5], 0.9)).toBeCloseTo(0.2236, 4);
  expect(outputError([0.5, 0.5], 0.9)).toBeCloseTo(0.9747, 4);
  expect(outputError([0.3, 0.4], 0)).toBeCloseTo(0.5, 12);
});

test('inputs that are not alike: rounding to the nearest is what GPTQ does, and the best there is', () => {
  for (const pair of everywhere) {
    const { nearest, gptq, best } = waysToRound(pair, 0);
    expect(gptq.to).toEqual(nearest.to);
    expect(best.output_error).toBeCloseTo(nearest.output_error, 12);
  }
});

test('alike inputs: GPTQ is never nearer in the weights, on the whole nearer in the output, and not always best', () => {
  let [nearer, further, beaten] = [0, 0, 0];
  for (const pair of everywhere) {
    const { nearest, gptq, best } = waysToRound(pair, 0.9);
    expect(gptq.weight_error).toBeGreaterThanOrEqual(nearest.weight_error - 1e-12);
    expect(best.output_error).toBeLessThanOrEqual(Math.min(nearest.output_error, gptq.output_error) + 1e-12);
    if (gptq.output_error < nearest.output_error - 1e-9) nearer++;
    if (gptq.output_error > nearest.output_error + 1e-9) further++;
    if (best.output_error < gptq.output_error - 1e-9) beaten++;
  }
  // The second weight is rounded to where it makes up best, so the first one's rounding aside nothing can be lost.
  expect(further).toBe(0);
  expect(nearer).toBeGreaterThan(80);
  expect(beaten).toBeGreaterThan(20);
});

test('the screen begins where the two ways part', () => {
  const { missing } = pairField('pair');
  const { nearest, gptq } = waysToRound(missing, 0.8);
  expect([nearest.to, gptq.to]).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(outputSentence(missing, 0.8)).toContain('One after the other goes to (0, 1)');
});

test('a pair in the address', () => {
  const field = pairField('pair');
  expect(field.print([0.455, -1.2])).toBe('46,-120');
  expect(field.parse('45,-120')).toEqual([0.45, -1.2]);
  for (const text of ['45', '45,x', '45,251', '1,2,3', '']) expect(field.parse(text)).toBeUndefined();
});
