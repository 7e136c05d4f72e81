import type { Tensor } from '../tensor/tensor.ts';
import { absmaxOf } from './absmax.ts';
import { plainBlockwise } from './blockwise.ts';
import { nearest, type Codebook } from './codebook.ts';
import type { PlainBlockwise4bit } from './quantized.ts';

const { fround } = Math;

/** The scales tried for a block, as shares of its largest magnitude: the magnitude itself first, which wins a tie. */
const SHARES = Array.from({ length: 31 }, (_, i) => fround(1 - i / 60));

/**
 * Quantizes to 4 bits, block by block, under the scale that loses least instead of absmax: of 31 from absmax down to half
 * of it, the one with the smallest sum of squared errors. Weights beyond a smaller scale are cut off, and all others lie
 * closer together (a sweep over block scales, as in ScaleSweep, 2026).
 */
export function quantizeSearched(
  { data, shape }: Tensor,
  book: Codebook,
  blocksize: number,
): PlainBlockwise4bit {
  const absmax = new Float32Array(Math.ceil(data.length / blocksize));
  const nibbles = new Uint8Array(2 * Math.ceil(data.length / 2));
  const tried = new Uint8Array(blocksize);
  absmax.forEach((_, b) => {
    const block = data.subarray(b * blocksize, (b + 1) * blocksize);
    const largest = absmaxOf(block, 0, block.length);
    let least = Infinity;
    for (const share of SHARES) {
      const scale = fround(largest * share);
      const error = quantizeBlock(block, book, scale, tried);
      if (error >= least) continue;
      least = error;
      absmax[b] = scale;
      nibbles.set(tried.subarray(0, block.length), b * blocksize);
    }
  });
  return plainBlockwise(book, { shape, blocksize, nibbles, absmax });
}

/** The codes of a block under a scale, and their sum of squared errors. */
function quantizeBlock(block: Float32Array, book: Codebook, scale: number, codes: Uint8Array): number {
  const reciprocal = scale === 0 ? 0 : fround(1 / scale);
  let error = 0;
  block.forEach((x, i) => {
    const code = nearest(book, fround(x * reciprocal));
    codes[i] = code;
    error += (x - fround(book.code[code]! * scale)) ** 2;
  });
  return error;
}
