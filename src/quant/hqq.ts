import type { Tensor } from '../tensor/tensor.ts';
import { rangeOf } from './absmax.ts';
import { ruler } from './codebook.ts';
import { roundHalfEven } from './int8.ts';
import { packNibbles } from './pack.ts';
import type { Blockwise4bit } from './quantized.ts';

const { fround } = Math;

/** Steps of the search at most, the norm it works with, and how strongly it shrinks (hqq, optimize.py). */
const STEPS = 20;
const NORM = 0.7;
const BETA = 10;

/** Ranges up to this count as none. */
const SMALLEST_RANGE = fround(1e-4);

/**
 * Half-quadratic quantization (Badri & Shaji 2023) of rows [rows, columns] in groups along the row: sixteen even steps
 * from the smallest to the largest weight, then a search for the zero point alone, under a norm that forgives outliers.
 * Codes are hqq's on a CPU, in float32 (core/quantize.py and optimize.py, axis 1).
 */
export function quantizeHqq({ data, shape }: Tensor, group_size: number): Blockwise4bit {
  const groups = data.length / group_size;
  const scale = new Float32Array(groups);
  const zero = new Float32Array(groups);
  for (let g = 0; g < groups; g++) {
    const group = data.subarray(g * group_size, (g + 1) * group_size);
    const { low: min, high } = rangeOf(group);
    const range = fround(high - min);
    scale[g] = Math.min(range <= SMALLEST_RANGE ? 1 : fround(15 * fround(1 / range)), 2e4);
    zero[g] = fround(-min * scale[g]!);
  }
  searchZeros(data, group_size, scale, zero);
  const nibbles = Uint8Array.from(data, (x, i) => {
    const g = Math.floor(i / group_size);
    return codeOf(x, scale[g]!, zero[g]!);
  });
  return {
    quant_type: 'hqq',
    shape,
    blocksize: group_size,
    code: ruler(0),
    packed: packNibbles(nibbles),
    scales: { kind: 'absmax', absmax: scale.map((s) => 1 / s), bits: 32 },
    shift: { kind: 'zero', values: zero, bits: 32 },
  };
}

const codeOf = (x: number, scale: number, zero: number): number =>
  Math.max(0, Math.min(15, roundHalfEven(fround(fround(x * scale) + zero))));

/**
 * Moves the zeros, all groups in step: the mean error of the whole tensor says when to stop, and the zeros of the step
 * that did not lessen it stay.
 */
function searchZeros(data: Float32Array, group_size: number, scale: Float32Array, zero: Float32Array): void {
  let best = Infinity;
  const moved = new Float32Array(group_size);
  for (let step = 0; step < STEPS; step++) {
    let total = 0;
    for (let g = 0; g < scale.length; g++) {
      const [s, z] = [scale[g]!, zero[g]!];
      for (let i = 0; i < group_size; i++) {
        const x = data[g * group_size + i]!;
        const q = codeOf(x, s, z);
        const error = fround(x - fround(fround(q - z) / s));
        total += Math.abs(error);
        moved[i] = q - fround(fround(x - shrunk(error)) * s);
      }
      zero[g] = meanOf(moved);
    }
    const mean = fround(total / data.length);
    if (mean >= best) return;
    best = mean;
  }
}

/** The error that the norm sees as an outlier's: smaller ones are none. */
function shrunk(error: number): number {
  const magnitude = Math.abs(error);
  if (magnitude === 0) return 0;
  const kept = fround(magnitude - fround(fround(1 / BETA) * fround(magnitude ** (NORM - 1))));
  return kept > 0 ? Math.sign(error) * kept : 0;
}

/** The mean in float32, summed as torch sums a row: thirty-two running sums, then these. */
function meanOf(values: Float32Array): number {
  const lanes = new Float32Array(32);
  values.forEach((value, i) => (lanes[i % 32] = lanes[i % 32]! + value));
  for (let width = 16; width >= 1; width /= 2) {
    for (let i = 0; i < width; i++) lanes[i] = lanes[i]! + lanes[i + width]!;
  }
  return fround(lanes[0]! / values.length);
}
