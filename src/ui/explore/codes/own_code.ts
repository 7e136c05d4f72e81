import type { Tensor } from '../../../tensor/tensor.ts';
import { absmaxOf } from '../../../quant/absmax.ts';
import { customCodebook, nearest } from '../../../quant/codebook.ts';

/** Weights divided by their block's absmax, and that absmax: a codebook's error depends on these two. */
export interface ScaledWeights {
  /** In [-1, 1]. */
  scaled: Float32Array;
  /** The absmax of each weight's block. */
  absmax: Float32Array;
}

/** Every weight over its block's absmax; 0 in a block of zeros. */
export function scaleWeights({ data }: Tensor, blocksize: number): ScaledWeights {
  const scaled = new Float32Array(data.length);
  const absmax = new Float32Array(data.length);
  for (let begin = 0; begin < data.length; begin += blocksize) {
    const end = Math.min(begin + blocksize, data.length);
    const largest = absmaxOf(data, begin, end);
    absmax.fill(largest, begin, end);
    for (let i = begin; i < end; i++) scaled[i] = largest === 0 ? 0 : data[i]! / largest;
  }
  return { scaled, absmax };
}

/**
 * Sixteen values with about as many weights around each, the outer two at -1 and 1: how NF4 was found, on these
 * weights.
 */
export function placeByQuantiles({ scaled }: ScaledWeights): number[] {
  const sorted = scaled.toSorted();
  const code = Array.from({ length: 16 }, (_, i) => sorted[Math.floor(((i + 0.5) / 16) * sorted.length)]!);
  code[0] = -1;
  code[15] = 1;
  return code;
}

/**
 * One step of Lloyd and Max: every value moves to the mean of the weights that are rounded to it, each weighing as much
 * as its block's absmax squared. The squared error never grows. A value that no weight takes stays.
 */
export function lloydStep(code: readonly number[], { scaled, absmax }: ScaledWeights): number[] {
  const book = customCodebook(code);
  const sums = new Float64Array(16);
  const masses = new Float64Array(16);
  for (let i = 0; i < scaled.length; i++) {
    const nibble = nearest(book, scaled[i]!);
    const mass = absmax[i]! ** 2;
    sums[nibble]! += mass * scaled[i]!;
    masses[nibble]! += mass;
  }
  return code.map((value, i) => (masses[i]! > 0 ? sums[i]! / masses[i]! : value)).sort((a, b) => a - b);
}

/** The code with one value moved, but not past -1, 1 or its neighbours. `moved([0, .5, 1, …], 1, 2)` puts .5 to 1. */
export function moveLevel(code: readonly number[], level: number, to: number): number[] {
  const least = code[level - 1] ?? -1;
  const most = code[level + 1] ?? 1;
  return code.map((value, i) => (i === level ? Math.min(most, Math.max(least, to)) : value));
}

/** Values as a spec and a link write them. */
export const roundCode = (code: readonly number[]): number[] => code.map((value) => Number(value.toFixed(4)));
