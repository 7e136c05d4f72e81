import { describe, expect, test } from 'vitest';
import { drawWeights } from '../weights/weights.ts';
import {
  blockOf,
  curveOf,
  LEAST_SHARE,
  MOST_SHARE,
  ruledOf,
  rulesOn,
  storedShares,
  type Ruled,
} from './scale_picture.ts';
import { SCALE_CHOICES, type ScaleChoiceName } from './scale_rules.ts';

const weights = drawWeights('normal');
const NAMES = Object.keys(SCALE_CHOICES) as ScaleChoiceName[];
const ruled = Object.fromEntries(
  NAMES.map((name) => [name, ruledOf(weights, SCALE_CHOICES[name])!]),
) as Record<ScaleChoiceName, Ruled>;
const all = (name: ScaleChoiceName) =>
  Object.fromEntries(ruled[name].rules.map((rule) => [rule.name, rule.all]));

describe.each(NAMES)('%s', (name) => {
  test('the rules’ marks lie on the curve’s axis, and no rule beats its lowest point by more than the grid is wide', () => {
    for (let at = 0; at < 40; at++) {
      const block = blockOf(ruled[name], at);
      const least = Math.min(...curveOf(SCALE_CHOICES[name], block).map(({ error }) => error));
      for (const { share, error } of rulesOn(ruled[name], at)) {
        expect(share).toBeGreaterThan(LEAST_SHARE);
        expect(share).toBeLessThanOrEqual(MOST_SHARE);
        expect(error).toBeGreaterThan(0.97 * least);
      }
    }
  });

  test('the blocks’ errors make up the error over all of them', () => {
    const { choice, blocks, weights: all } = ruled[name];
    const square = (data: Float32Array) => data.reduce((sum, x) => sum + x * x, 0);
    ruled[name].rules.forEach((rule, i) => {
      let lost = 0;
      for (let at = 0; at < blocks; at++) {
        lost += rulesOn(ruled[name], at)[i]!.error ** 2 * square(blockOf(ruled[name], at).data);
      }
      expect(Math.sqrt(lost / square(all.data)) / rule.all).toBeCloseTo(1, choice.signed ? 2 : 4);
    });
  });
});

test('MXFP4: a rule takes a power of two that can be stored; ceil and rceil cut nothing off, and even loses least', () => {
  const { even, ...others } = all('mxfp4');
  for (const error of Object.values(others)) expect(even).toBeLessThan(error);
  let cut = 0;
  for (let at = 0; at < ruled.mxfp4.blocks; at++) {
    const rows = Object.fromEntries(rulesOn(ruled.mxfp4, at).map((row) => [row.name, row]));
    const stored = storedShares(ruled.mxfp4, blockOf(ruled.mxfp4, at));
    for (const { share } of Object.values(rows)) {
      expect(stored.some((near) => Math.abs(near / share - 1) < 1e-6)).toBe(true);
    }
    expect([rows['ceil']!.cut, rows['rceil']!.cut]).toEqual([0, 0]);
    cut += rows['floor']!.cut;
  }
  expect(cut).toBeGreaterThan(10);
});

test('a searched scale loses less than absmax, with every codebook', () => {
  for (const name of ['nf4', 'fp4', 'int4'] as const)
    expect(all(name)['searched']).toBeLessThan(all(name)['absmax']!);
});

test('weights that are no whole block, and zeros', () => {
  expect(ruledOf({ shape: [31], data: new Float32Array(31) }, SCALE_CHOICES.mxfp4)).toBeUndefined();
  expect(ruledOf(undefined, SCALE_CHOICES.mxfp4)).toBeUndefined();
  for (const name of NAMES) {
    const zeros = ruledOf({ shape: [70], data: new Float32Array(70) }, SCALE_CHOICES[name])!;
    for (const { error, cut } of rulesOn(zeros, 0)) expect([error, cut]).toEqual([0, 0]);
    for (const { error } of curveOf(SCALE_CHOICES[name], blockOf(zeros, 0))) expect(error).toBe(0);
  }
});
