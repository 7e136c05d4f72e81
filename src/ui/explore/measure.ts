import { CODEBOOKS } from '../../quant/codebook.ts';
import { quantizeBlockwise } from '../../quant/blockwise.ts';
import { report, scaledHistogram } from '../../quant/report.ts';
import type { Tensor } from '../../tensor/tensor.ts';

export type BookName = keyof typeof CODEBOOKS;

/** What one block size does to the weights on the screen. */
export interface Measured {
  /** [bins] of weight / absmax over [-1, 1]. */
  counts: number[];
  /** Mean |error| over the standard deviation of the weights, by codebook. */
  errors: Record<BookName, number>;
  bits_per_weight: number;
}

/** Bars of the histogram: an even number, so that 0 is an edge. */
export const BINS = 128;

/** Quantizes the weights with each named codebook. N(0,1) at block size 64 has the errors nf4 0.073, fp4 0.097, int4 0.092. */
export function measure(weights: Tensor, blocksize: number, deviation: number): Measured {
  const errors: Partial<Record<BookName, number>> = {};
  let counts: number[] = [];
  let bits_per_weight = 0;
  for (const name of ['int4', 'fp4', 'nf4'] as const) {
    const quantized = quantizeBlockwise(weights, CODEBOOKS[name], blocksize);
    const { mean_abs_error, bits_per_weight: bits } = report(weights, quantized);
    errors[name] = mean_abs_error / deviation;
    // Neither depends on the codebook.
    bits_per_weight = bits;
    if (name === 'nf4') counts = scaledHistogram(weights, quantized, BINS);
  }
  return { counts, errors: errors as Measured['errors'], bits_per_weight };
}

/** "NF4 is 25 % lower here": the two errors as one comparison. */
export function comparison({ nf4, fp4 }: Measured['errors']): string {
  if (nf4 === fp4) return 'NF4 and FP4 are equal here';
  const percent = Math.round(100 * Math.abs(1 - nf4 / fp4));
  if (percent === 0) return 'NF4 and FP4 are within 1 % here';
  return `NF4 is ${percent} % ${nf4 < fp4 ? 'lower' : 'higher'} here`;
}
