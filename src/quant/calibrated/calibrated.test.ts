import { expect, test } from 'vitest';
import { openGolden } from '../../../test/fixtures/golden_files.ts';
import { dequantize } from '../quantize.ts';
import { unpackNibbles } from '../pack.ts';
import { awqClip, awqScalings, clipped, quantizeAwq, throughScaling } from './awq.ts';
import { seededRandom } from '../../tensor/random.ts';
import { inverseFactor } from './cholesky.ts';
import { quantizeGptq } from './gptq.ts';
import { layerError } from './output_error.ts';
import { addInputs, dividedInputs, emptyStatistics } from './statistics.ts';

const [ROWS, COLUMNS, TOKENS] = [64, 256, 384];
const golden = await openGolden('calibrated');
const W = { shape: [ROWS, COLUMNS], data: await golden.floats('weight') };
const inputs = await golden.floats('inputs');
const statistics = emptyStatistics(COLUMNS);
addInputs(statistics, inputs);
const atOnce = () => Promise.resolve();

test.each([
  ['gptq.g32', 32, true, false, false],
  ['gptq.g64.zeros', 64, false, false, false],
  ['gptq.g32.zeros.act', 32, false, true, false],
  ['gptq.g128.act', 128, true, true, false],
  ['gptq.g64.zeros.act.static', 64, false, true, true],
  ['gptq.row', -1, true, false, false],
])('%s is gptqmodel’s, row by row', async (name, group_size, symmetric, desc_act, static_groups) => {
  const options = { group_size, symmetric, desc_act, static_groups, damp: 0.01 };
  const made = await quantizeGptq(W, statistics, options);
  const group = group_size === -1 ? COLUMNS : group_size;
  const words = await golden.integers(`${name}.qweight`);
  const zeros = await golden.integers(`${name}.qzeros`);
  const scales = await golden.floats(`${name}.scales`);
  const g_idx = await golden.integers(`${name}.g_idx`);
  const theirs = new Float32Array(ROWS * COLUMNS);
  for (let n = 0; n < ROWS; n++) {
    for (let k = 0; k < COLUMNS; k++) {
      const code = (words[(k >> 3) * ROWS + n]! >>> (4 * (k & 7))) & 15;
      const zero = (zeros[(g_idx[k]! * ROWS) / 8 + (n >> 3)]! >>> (4 * (n & 7))) & 15;
      theirs[n * COLUMNS + k] = (code - zero) * scales[g_idx[k]! * ROWS + n]!;
    }
  }
  const ours = dequantize(made).data;
  const isEqual = (n: number) =>
    ours
      .subarray(n * COLUMNS, (n + 1) * COLUMNS)
      .every((w, k) => Math.abs(w - theirs[n * COLUMNS + k]!) <= 1e-3 * Math.abs(w));
  const equal = Array.from({ length: ROWS }, (_, n) => isEqual(n)).filter(Boolean).length;
  // A tie that falls otherwise in their float32 goes on along its row, and along no other.
  expect(equal / ROWS).toBeGreaterThanOrEqual(0.95);
  const [mine, reference] = [ours, theirs].map(
    (data) => layerError(W, { shape: W.shape, data }, statistics).output_error,
  );
  expect(mine! / reference!).toBeCloseTo(1, 2);
  if (made.order) {
    expect([...made.order].map((k, at) => [g_idx[k], Math.floor(at / group)])).toEqual(
      [...made.order].map((_, at) => [Math.floor(at / group), Math.floor(at / group)]),
    );
  }
});

test('GPTQ loses more of the weights than rounding, and less of the outputs', async () => {
  const options = { group_size: 32, symmetric: true, desc_act: false, static_groups: false, damp: 0.01 };
  const gptq = layerError(W, dequantize(await quantizeGptq(W, statistics, options)), statistics);
  // Inputs that are all alike and apart leave nothing to put right: every column is rounded by itself.
  const apart = emptyStatistics(COLUMNS);
  for (let k = 0; k < COLUMNS; k++) apart.gram[k * COLUMNS + k] = 1;
  const rounded = layerError(W, dequantize(await quantizeGptq(W, apart, options)), statistics);
  expect(gptq.weight_error).toBeGreaterThan(rounded.weight_error);
  expect(gptq.output_error).toBeLessThan(0.8 * rounded.output_error);
});

test.each([3, 4, 9, 70])('the factor of an inverse is that: UᵀU H is 1, of %i columns', async (n) => {
  const random = seededRandom(n);
  const X = Array.from({ length: n + 2 }, () => Array.from({ length: n }, () => random.integer(9) - 4));
  const H = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return X.reduce((sum, x) => sum + x[i]! * x[j]!, i === j ? n : 0);
  });
  const U = (await inverseFactor(H.slice(), n, atOnce))!;
  const at = (i: number, j: number) => U[i * n + j]!;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(at(i, j)).toBe(0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) {
        // U is upper: rows beyond the smaller of two columns add nothing.
        for (let l = 0; l <= Math.min(i, k); l++) sum += at(l, i) * at(l, k) * H[k * n + j]!;
      }
      expect(sum).toBeCloseTo(i === j ? 1 : 0, 12);
    }
  }
});

test('a matrix that is not positive definite has no factor', async () => {
  expect(await inverseFactor(Float64Array.of(1, 2, 2, 1), 2, atOnce)).toBeUndefined();
});

/** Σ (x·Δw)² over inputs and rows. */
function outputLoss(back: Float32Array): number {
  let loss = 0;
  for (let t = 0; t < TOKENS; t++) {
    for (let n = 0; n < ROWS; n++) {
      let error = 0;
      for (let k = 0; k < COLUMNS; k++) {
        error += inputs[t * COLUMNS + k]! * (W.data[n * COLUMNS + k]! - back[n * COLUMNS + k]!);
      }
      loss += error ** 2;
    }
  }
  return loss;
}

test('AWQ finds AutoAWQ’s scales, cuts where it does, and rounds to its words', async () => {
  const part = (name: string) => golden.floats(`awq.g64.${name}`);
  const scalings = awqScalings([W], statistics, { group_size: 64, unscaled: false });
  const losses = scalings.map((scaling) => outputLoss(throughScaling(W, scaling, 64).data) / (TOKENS * ROWS));
  const theirs = await golden.doubles('awq.g64.losses');
  losses.forEach((loss, i) => expect(loss / theirs[i]!).toBeCloseTo(1, 4));
  const best = losses.indexOf(Math.min(...losses));
  expect(best).toBe(theirs.indexOf(Math.min(...theirs)));
  const factors = await part('factors');
  scalings[best]!.factors.forEach((factor, k) => expect(factor / factors[k]!).toBeCloseTo(1, 4));

  const scaled = { shape: W.shape, data: W.data.map((w, i) => w * factors[i % COLUMNS]!) };
  const clip = await part('clip');
  const ofGroups = emptyStatistics(COLUMNS, 64);
  addInputs(ofGroups, inputs);
  const cuts = awqClip(scaled, dividedInputs(ofGroups, factors), 64);
  const equal = cuts.filter((cut, i) => Math.abs(cut / clip[i]! - 1) < 1e-4).length;
  expect(equal / cuts.length).toBeGreaterThanOrEqual(0.97);

  const codes = unpackNibbles(quantizeAwq(clipped(scaled, clip, 64), 64).packed, ROWS * COLUMNS);
  const words = await golden.integers('awq.g64.qweight');
  const PLACE = [0, 4, 1, 5, 2, 6, 3, 7];
  const unlike = codes.filter((code, i) => {
    const [n, k] = [Math.floor(i / COLUMNS), i % COLUMNS];
    return ((words[(k * ROWS) / 8 + (n >> 3)]! >>> (4 * PLACE[n & 7]!)) & 15) !== code;
  });
  expect(unlike).toHaveLength(0);
});

test('a scaling that changes nothing is tried where it is asked for, and first', () => {
  const [first, ...others] = awqScalings([W], statistics, { group_size: 64, unscaled: true });
  expect(first!.ratio).toBeUndefined();
  expect(first!.factors.every((factor) => factor === 1)).toBe(true);
  expect(others).toHaveLength(20);
});
