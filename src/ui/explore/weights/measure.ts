import type { MeasureRequest } from '../../../lab/protocol.ts';
import type { MatrixReport } from '../../../gpu/matrix/measure_matrix.ts';
import { CODEBOOKS, weightBytes, type CodebookName } from '../../../quant/config.ts';
import type { Codebook } from '../../../quant/codebook.ts';
import { quantizeBlockwise } from '../../../quant/blockwise.ts';
import { report, scaledHistogram } from '../../../quant/error.ts';
import type { Tensor } from '../../../tensor/tensor.ts';

/**
 * The errors of each codebook at one block size, on the weights on the screen or on all of the tensor they are from.
 */
export interface Measured {
  /** The number of weights measured. */
  n: number;
  /** [bins] of weight / absmax over [-1, 1]. */
  counts: number[];
  /** Mean |quantization error| over the standard deviation of the weights, by codebook. */
  errors: Errors;
  bits_per_weight: number;
}

/** NF4 and FP4 are always there; others where they were asked for. */
export type Errors = Record<'nf4' | 'fp4', number> & Partial<Record<CodebookName, number>>;

/**
 * Quantizes the weights with NF4, FP4 and the `others`. N(0,1) at block size 64 has the errors nf4 0.073, fp4 0.097,
 * int4 0.092.
 */
export function measure(
  weights: Tensor,
  blocksize: number,
  deviation: number,
  others: readonly Codebook[],
): Measured {
  const errorOf = (book: Codebook) =>
    report(weights, quantizeBlockwise(weights, book, blocksize)).mean_abs_error / deviation;
  // Neither the bars nor the bits depend on the codebook.
  const nf4 = quantizeBlockwise(weights, CODEBOOKS.nf4, blocksize);
  const { mean_abs_error, bits_per_weight } = report(weights, nf4);
  return {
    n: weights.data.length,
    counts: scaledHistogram(weights, nf4),
    errors: {
      nf4: mean_abs_error / deviation,
      fp4: errorOf(CODEBOOKS.fp4),
      ...Object.fromEntries(others.map((book) => [book.quant_type, errorOf(book)])),
    },
    bits_per_weight,
  };
}

/** The errors of all `n` weights of a tensor, from the worker's measurement. */
export function measuredWhole(
  { counts, standard_deviation, mean_abs_errors }: MatrixReport,
  { books, blocksize }: Pick<MeasureRequest, 'books' | 'blocksize'>,
  n: number,
): Measured {
  const deviation = standard_deviation || 1;
  const errors = books.map(({ quant_type }, i) => [quant_type, mean_abs_errors[i]! / deviation]);
  const config = { quant_type: 'nf4', blocksize, double_quant: false, compute_dtype: 'float32' } as const;
  return {
    n,
    counts,
    errors: Object.fromEntries(errors) as Errors,
    bits_per_weight: (8 * weightBytes(config, [1, n])) / n,
  };
}

/**
 * "NF4 is 25 % lower than FP4 here": the errors as one comparison. INT4 is named where it beats both, and a codebook
 * of one's own is held against NF4.
 */
export function comparison({ nf4, fp4, int4, custom }: Errors): string {
  const pair = against('NF4', nf4, 'FP4', fp4);
  const parts = [pair];
  if (int4 !== undefined && int4 < Math.min(nf4, fp4)) parts.push('INT4 is lowest of the three');
  if (custom !== undefined) parts.push(against('yours', custom, 'NF4', nf4).replace(' here', ''));
  return parts.join('; ');
}

function against(name: string, error: number, other: string, reference: number): string {
  const percent = Math.round(100 * Math.abs(1 - error / reference));
  if (percent === 0) return `${name} and ${other} are within 1 % here`;
  return `${name} is ${percent} % ${error < reference ? 'lower' : 'higher'} than ${other} here`;
}
