import { roundToF16 } from '../../tensor/dtype.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { PlainBlockwise4bit } from '../quantized.ts';
import { roundHalfEven } from '../int8.ts';
import { packGroups } from '../saved/groups.ts';
import { energy, type Products } from './output_error.ts';
import type { InputStatistics } from './statistics.ts';

/** Steps of the exponent that says how far large inputs are scaled up, and of how far a group's range is cut. */
const RATIOS = 20;
const CLIPS = 10;

/** Scalings that are tried for a site at most. */
export const MOST_SCALINGS = RATIOS + 1;

/** A range below this counts as this. */
const SMALLEST_RANGE = 1e-5;

/** One of the scalings that AWQ tries: each input's factor, [columns], and the exponent it comes from. */
export interface Scaling {
  /** Undefined of the scaling that leaves all as it is. */
  ratio: number | undefined;
  factors: Float64Array<ArrayBuffer>;
}

/**
 * The scalings that AWQ tries for the layers of one input (Lin et al. 2023; AutoAWQ, quantize/quantizer.py, with duo
 * scaling): large inputs are scaled up by a power of their mean size, over a power of how large their weights are.
 * @param layers all layers that read the input, each [rows, columns]
 * @param unscaled puts the one that changes nothing first, which AutoAWQ does not try
 */
export function awqScalings(
  layers: readonly Tensor[],
  { columns, tokens, sum_abs }: InputStatistics,
  { group_size, unscaled }: { group_size: number; unscaled: boolean },
): Scaling[] {
  const weights = meanShares(layers, columns, group_size);
  const scalings = Array.from({ length: RATIOS }, (_, step): Scaling => {
    const ratio = step / RATIOS;
    const factors = Float64Array.from({ length: columns }, (_, k) =>
      Math.max((sum_abs[k]! / tokens) ** ratio / (weights[k]! ** (1 - ratio) + 1e-4), 1e-4),
    );
    const middle = Math.sqrt(
      factors.reduce((a, b) => Math.max(a, b)) * factors.reduce((a, b) => Math.min(a, b)),
    );
    return { ratio, factors: factors.map((factor) => finiteOr1(factor / middle)) };
  });
  const nothing: Scaling = { ratio: undefined, factors: new Float64Array(columns).fill(1) };
  return unscaled ? [nothing, ...scalings] : scalings;
}

const finiteOr1 = (x: number): number => (Number.isFinite(x) ? x : 1);

/** The mean over all rows of each weight's share of its group's largest, [columns]. */
function meanShares(layers: readonly Tensor[], columns: number, group_size: number): Float64Array {
  const shares = new Float64Array(columns);
  let rows = 0;
  for (const { data } of layers) {
    rows += data.length / columns;
    for (let begin = 0; begin < data.length; begin += group_size) {
      const group = data.subarray(begin, begin + group_size);
      const largest = group.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const first = begin % columns;
      group.forEach((x, i) => (shares[first + i]! += Math.abs(x) / (largest + 1e-6)));
    }
  }
  return shares.map((share) => share / rows);
}

/** Weights as they come back from 4 bits, scaled before and divided after: [rows, columns], to be judged. */
export function throughScaling(
  { data, shape }: Tensor,
  { factors }: Pick<Scaling, 'factors'>,
  group_size: number,
): Tensor {
  const columns = factors.length;
  const scaled = data.map((x, i) => x * factors[i % columns]!);
  const back = new Float32Array(data.length);
  for (let begin = 0; begin < data.length; begin += group_size) {
    const group = scaled.subarray(begin, begin + group_size);
    const grid = gridOf(group);
    const first = begin % columns;
    group.forEach((x, i) => (back[begin + i] = throughGrid(x, grid) / factors[first + i]!));
  }
  return { shape, data: back };
}

interface Grid {
  scale: number;
  zero: number;
}

/** Sixteen even steps from the smallest to the largest weight of a group, whether or not 0 is among them. */
function gridOf(group: ArrayLike<number>): Grid {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < group.length; i++) {
    low = Math.min(low, group[i]!);
    high = Math.max(high, group[i]!);
  }
  const scale = Math.max(high - low, SMALLEST_RANGE) / 15;
  return { scale, zero: Math.max(0, Math.min(15, -roundHalfEven(low / scale))) };
}

const throughGrid = (x: number, { scale, zero }: Grid): number =>
  (Math.max(0, Math.min(15, roundHalfEven(x / scale) + zero)) - zero) * scale;

/**
 * The magnitude that each group of a row is cut at, [groups]: of ten, down to 0.55 of the largest, the one whose own
 * group's part of the output loses least. AutoAWQ looks at 512 tokens at most, here it is all of the calibration.
 * @param statistics with the products of each group's inputs
 */
export function awqClip(
  { data, shape }: Tensor,
  statistics: InputStatistics,
  group_size: number,
): Float32Array {
  const columns = shape[1]!;
  const cuts = new Float32Array(data.length / group_size);
  const blocks = Array.from({ length: columns / group_size }, (_, at) => ofBlock(statistics, at));
  const difference = new Float64Array(group_size);
  const cut = new Float64Array(group_size);
  for (let g = 0; g < cuts.length; g++) {
    const group = data.subarray(g * group_size, (g + 1) * group_size);
    const largest = group.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const seen = blocks[g % blocks.length]!;
    let least = Infinity;
    for (let step = 0; step < CLIPS; step++) {
      const most = largest * (1 - step / (2 * CLIPS));
      group.forEach((x, i) => (cut[i] = Math.max(-most, Math.min(most, x))));
      const grid = gridOf(cut);
      group.forEach((x, i) => (difference[i] = throughGrid(cut[i]!, grid) - x));
      const loss = energy(difference, seen);
      if (loss < least) [least, cuts[g]] = [loss, most];
    }
  }
  return cuts;
}

/** The products of a block's inputs. */
const ofBlock = ({ gram, block }: InputStatistics, at: number): Products => ({
  columns: block,
  gram: gram.subarray(at * block ** 2, (at + 1) * block ** 2),
});

/** Weights cut at each group's own magnitude. */
export const clipped = ({ data, shape }: Tensor, cuts: Float32Array, group_size: number): Tensor => ({
  shape,
  data: data.map((x, i) => {
    const most = cuts[Math.floor(i / group_size)]!;
    return Math.max(-most, Math.min(most, x));
  }),
});

const f16 = roundToF16;

/**
 * Rounds scaled and clipped weights to AWQ's sixteen steps a group, each operation in float16 as AutoAWQ's: codes, scales
 * and zero points are its own, word for word.
 */
export function quantizeAwq({ data, shape }: Tensor, group_size: number): PlainBlockwise4bit {
  const groups = data.length / group_size;
  const [scales, zeros] = [new Float32Array(groups), new Float32Array(groups)];
  const codes = new Uint8Array(data.length);
  const half = data.map(f16);
  for (let g = 0; g < groups; g++) {
    const group = half.subarray(g * group_size, (g + 1) * group_size);
    let [low, high] = [Infinity, -Infinity];
    for (const x of group) [low, high] = [Math.min(low, x), Math.max(high, x)];
    const scale = f16(Math.max(f16(high - low), f16(SMALLEST_RANGE)) / 15);
    const zero = Math.max(0, Math.min(15, -roundHalfEven(f16(low / scale))));
    const moved = f16(zero * scale);
    group.forEach((x, i) => {
      const code = Math.max(0, Math.min(15, f16(roundHalfEven(f16(x / scale)) + zero)));
      // Its packer finds the codes again from the weights they stand for.
      const back = f16(f16(code - zero) * scale);
      codes[g * group_size + i] = roundHalfEven(f16(f16(back + moved) / scale));
    });
    [scales[g], zeros[g]] = [scale, zero];
  }
  return packGroups({
    quant_type: 'awq',
    shape: shape as [number, number],
    group_size,
    codes,
    scales,
    zeros: zeros.every((zero) => zero === 8) ? undefined : zeros,
    bits: { scale: 16, zero: 4 },
  });
}
