import type { Tensor } from '../tensor/tensor.ts';
import { E4M3, E4M3_MAX, nearestE4M3 } from './e4m3.ts';
import type { ByteCodes } from './quantized.ts';

/** What one scale serves: a row, the tensor, or a square of 128 rows and columns. */
export type Fp8Scaling = 'row' | 'tensor' | '128x128';

/** Rows and columns of a square that shares a scale. */
const SQUARE = 128;

/** Rows and columns that share a scale in a weight [rows, columns]. */
const areaOf = (scaling: Fp8Scaling, [rows, columns]: readonly [number, number]): [number, number] =>
  scaling === 'tensor' ? [rows, columns] : scaling === 'row' ? [1, columns] : [SQUARE, SQUARE];

/** Consecutive weights of a row [columns] that share a scale. */
export const fp8Blocksize = (scaling: Fp8Scaling, columns: number): number =>
  Math.min(areaOf(scaling, [1, columns])[1], columns);

/** How many scales a weight [rows, columns] has. */
export function fp8Scales(scaling: Fp8Scaling, shape: readonly [number, number]): number {
  const [high, wide] = areaOf(scaling, shape);
  return Math.ceil(shape[0] / high) * Math.ceil(shape[1] / wide);
}

/**
 * Quantizes rows [rows, columns] to E4M3: the scale takes the largest magnitude to 448, weights are divided by it and
 * rounded to the nearest, ties to even (torch's float8_e4m3fn).
 */
export function quantizeFp8({ data, shape }: Tensor, scaling: Fp8Scaling): ByteCodes {
  const [rows, columns] = shape as [number, number];
  const [high, wide] = areaOf(scaling, [rows, columns]);
  const across = Math.ceil(columns / wide);
  const absmax = new Float32Array(Math.ceil(rows / high) * across);
  const blockOf = (i: number): number =>
    Math.floor(Math.floor(i / columns) / high) * across + Math.floor((i % columns) / wide);
  data.forEach((x, i) => {
    const b = blockOf(i);
    absmax[b] = Math.max(absmax[b]!, Math.abs(x));
  });
  const scales = absmax.map((largest) => largest / E4M3_MAX);
  const codes = Uint8Array.from(data, (x, i) => nearestE4M3(Math.fround(x / (scales[blockOf(i)]! || 1))));
  return fp8Codes(codes, scales, [rows, columns], {
    high,
    wide,
    blocksize: fp8Blocksize(scaling, columns),
  });
}

/** Rows and columns that a scale serves, and how many columns of them a block along a row has. */
export interface Fp8Area {
  high: number;
  wide: number;
  blocksize: number;
}

/** Codes with the scale of each area standing once in each of its blocks, as those that run along rows want it. */
export function fp8Codes(
  codes: Uint8Array<ArrayBuffer>,
  scales: Float32Array,
  shape: readonly [number, number],
  { high, wide, blocksize }: Fp8Area,
): ByteCodes {
  const [rows, columns] = shape;
  const across = Math.ceil(columns / wide);
  const blocks = Math.ceil(columns / blocksize);
  const absmax = Float32Array.from({ length: rows * blocks }, (_, b) => {
    const [row, column] = [Math.floor(b / blocks), (b % blocks) * blocksize];
    return scales[Math.floor(row / high) * across + Math.floor(column / wide)]!;
  });
  const bits = (32 * scales.length) / absmax.length;
  return { quant_type: 'fp8', shape, blocksize, code: E4M3, codes, scales: { kind: 'absmax', absmax, bits } };
}
