import { roundToF16 } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { rangeOf } from './absmax.ts';
import { ruler } from './codebook.ts';
import { packNibbles } from './pack.ts';
import type { Blockwise4bit } from './quantized.ts';
import { roundHalfEven } from './int8.ts';

const { fround } = Math;

/** Weights of a super-block, which share the scales of their blocks' scales. */
export const SUPER_BLOCKSIZE = 256;

const BLOCKSIZE = 32;
const BLOCKS = SUPER_BLOCKSIZE / BLOCKSIZE;

/** Scales tried for a block beside the plain one, and where they begin. */
const TRIALS = 20;
const FIRST = -1;
const STEP = fround(0.1);

/** Bits of a block's scale, or of its minimum: six, and its share of the super-block's float16. */
const BITS = 6 + 16 / BLOCKS;

/**
 * Quantizes rows [rows, columns], columns a multiple of 256, to Q4_K: sixteen steps between a block's minimum and
 * maximum, both refitted by weighted least squares, then rounded to six bits within a super-block, and the codes taken
 * again from the rounded ones (ggml-quants.c, quantize_row_q4_K_ref).
 */
export function q4_k({ data, shape }: Tensor): Blockwise4bit {
  const blocks = data.length / BLOCKSIZE;
  const [absmax, minima] = [new Float32Array(blocks), new Float32Array(blocks)];
  const nibbles = new Uint8Array(data.length);
  for (let first = 0; first < blocks; first += BLOCKS) {
    const fits = Array.from({ length: BLOCKS }, (_, j) => {
      const begin = (first + j) * BLOCKSIZE;
      const x = data.subarray(begin, begin + BLOCKSIZE);
      return fitBlock(x, importance(x), nibbles.subarray(begin, begin + BLOCKSIZE));
    });
    const scales = sixBits(fits.map(({ scale }) => scale));
    const depths = sixBits(fits.map(({ depth }) => depth));
    for (let j = 0; j < BLOCKS; j++) {
      const [scale, depth] = [scales[j]!, depths[j]!];
      absmax[first + j] = scale;
      minima[first + j] = -depth;
      if (scale === 0) continue;
      const begin = (first + j) * BLOCKSIZE;
      for (let i = begin; i < begin + BLOCKSIZE; i++) {
        nibbles[i] = clip(roundHalfEven(fround(fround(data[i]! + depth) / scale)));
      }
    }
  }
  return {
    quant_type: 'gguf',
    shape,
    blocksize: BLOCKSIZE,
    code: ruler(0),
    packed: packNibbles(nibbles),
    scales: { kind: 'absmax', absmax, bits: BITS },
    shift: { kind: 'minimum', values: minima, bits: BITS },
  };
}

const clip = (code: number): number => Math.max(0, Math.min(15, code));

/** How much an error in each weight counts: its magnitude and that of the block. */
function importance(x: Float32Array): Float32Array {
  const squares = x.reduce((sum, value) => fround(sum + fround(value * value)), 0);
  const level = fround(Math.sqrt(fround(squares / BLOCKSIZE)));
  return x.map((value) => level + Math.abs(value));
}

/** A block's step, how far its minimum lies below zero, and its codes. */
function fitBlock(x: Float32Array, w: Float32Array, codes: Uint8Array): { scale: number; depth: number } {
  const { low, high: max } = rangeOf(x);
  const min = Math.min(0, low);
  if (max === min) {
    codes.fill(0);
    return { scale: 0, depth: -min };
  }
  const plain = fround(15 / fround(max - min));
  let best = { scale: fround(1 / plain), min };
  stepsOf(x, plain, min, codes);
  let least = errorOf(x, w, codes, best.scale, best.min);
  const [sum_w, sum_x] = sums(x, w);
  const tried = new Uint8Array(x.length);
  for (let trial = 0; trial <= TRIALS; trial++) {
    // A minimum that was found better is where the next trials begin.
    const range = fround(max - best.min);
    const reciprocal = fround(fround(fround(FIRST + fround(STEP * trial)) + 15) / range);
    stepsOf(x, reciprocal, best.min, tried);
    const fit = leastSquares(x, w, tried, sum_w, sum_x);
    if (!fit) continue;
    const error = errorOf(x, w, tried, fit.scale, fit.min);
    if (error >= least) continue;
    [least, best] = [error, fit];
    codes.set(tried);
  }
  return { scale: best.scale, depth: -best.min };
}

/** Σw and Σw·x. */
function sums(x: Float32Array, w: Float32Array): [number, number] {
  let [sum_w, sum_x] = [0, 0];
  x.forEach((value, i) => {
    sum_w = fround(sum_w + w[i]!);
    sum_x = fround(sum_x + fround(w[i]! * value));
  });
  return [sum_w, sum_x];
}

/** The codes of a block by the reciprocal of its step. */
function stepsOf(x: Float32Array, reciprocal: number, min: number, codes: Uint8Array): void {
  x.forEach((value, i) => {
    codes[i] = clip(roundHalfEven(fround(reciprocal * fround(value - min))));
  });
}

/** Σ w·(scale·code + min − x)². */
function errorOf(x: Float32Array, w: Float32Array, codes: Uint8Array, scale: number, min: number): number {
  let error = 0;
  x.forEach((value, i) => {
    const off = fround(fround(fround(scale * codes[i]!) + min) - value);
    error = fround(error + fround(w[i]! * fround(off * off)));
  });
  return error;
}

/** The step and minimum (none above zero) that lose least with these codes; undefined where the codes are all alike. */
function leastSquares(
  x: Float32Array,
  w: Float32Array,
  codes: Uint8Array,
  sum_w: number,
  sum_x: number,
): { scale: number; min: number } | undefined {
  let [sum_l, sum_l2, sum_xl] = [0, 0, 0];
  x.forEach((value, i) => {
    const weighted = fround(w[i]! * codes[i]!);
    sum_l = fround(sum_l + weighted);
    sum_l2 = fround(sum_l2 + fround(weighted * codes[i]!));
    sum_xl = fround(sum_xl + fround(weighted * value));
  });
  const determinant = fround(fround(sum_w * sum_l2) - fround(sum_l * sum_l));
  if (!(determinant > 0)) return undefined;
  const min = fround(fround(fround(sum_l2 * sum_x) - fround(sum_l * sum_xl)) / determinant);
  if (min > 0) return { scale: fround(sum_xl / sum_l2), min: 0 };
  return { scale: fround(fround(fround(sum_w * sum_xl) - fround(sum_x * sum_l)) / determinant), min };
}

/** Values that are not negative, each rounded to six bits of the largest, as they come back. */
function sixBits(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const reciprocal = largest > 0 ? fround(63 / largest) : 0;
  const unit = roundToF16(fround(largest / 63));
  return values.map((value) => fround(unit * Math.min(63, roundHalfEven(fround(reciprocal * value)))));
}
