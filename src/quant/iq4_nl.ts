import { roundToF16 } from '../tensor/dtype.ts';
import { signedMax } from './absmax.ts';
import type { BlockQuantizer } from './gguf.ts';

const { fround } = Math;

/** The sixteen values of IQ4_NL, not evenly spaced, in the order of their codes (ggml-common.h, kvalues_iq4nl). */
export const IQ4_NL = Float32Array.of(
  ...[-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
);

/** Steps to either side of the first scale that are tried. */
const TRIALS = 7;

/** Below this a block counts as zero. */
const SMALLEST = fround(1e-15);

/**
 * A block of IQ4_NL: of 15 scales about the one that takes the largest magnitude to its end of the table, the one whose
 * values, refitted by least squares with weights x², lose least (ggml-quants.c, quantize_row_iq4_nl_impl).
 */
export const iq4_nl: BlockQuantizer = (x, codes) => {
  const max = signedMax(x);
  if (Math.abs(max) < SMALLEST) {
    codes.fill(nearest(0));
    return { scale: 0 };
  }
  const first = fit(x, fround(1 / fround(-max / IQ4_NL[0]!)));
  let scale = fround(first.product / first.square);
  let best = fround(scale * first.product);
  for (let trial = -TRIALS; trial <= TRIALS; trial++) {
    const { product, square } = fit(x, fround((trial + IQ4_NL[0]!) / max));
    if (square > 0 && fround(product * product) > fround(best * square)) {
      scale = fround(product / square);
      best = fround(scale * product);
    }
  }
  const reciprocal = scale === 0 ? 0 : fround(1 / scale);
  x.forEach((value, i) => (codes[i] = nearest(fround(reciprocal * value))));
  return { scale: roundToF16(scale) };
};

/** Σ w·v·x and Σ w·v² with w = x² and v the value nearest to x · reciprocal, in float32 one after the other. */
function fit(x: Float32Array, reciprocal: number): { product: number; square: number } {
  let [product, square] = [0, 0];
  for (const value of x) {
    const v = IQ4_NL[nearest(fround(reciprocal * value))]!;
    const weighted = fround(fround(value * value) * v);
    product = fround(product + fround(weighted * value));
    square = fround(square + fround(weighted * v));
  }
  return { product, square };
}

/** The code of the value nearest to x; half way it is the upper one. */
function nearest(x: number): number {
  let code = 0;
  while (code < 15 && 2 * x >= IQ4_NL[code]! + IQ4_NL[code + 1]!) code++;
  return code;
}
