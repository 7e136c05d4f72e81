import { dequantizeBlockwise, quantizeBlockwise } from '../../../quant/blockwise.ts';
import { usedLevels } from '../../../quant/error.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { decimals, digits3, whole } from '../../../study/view/format.ts';
import type { Explore } from '../explore.svelte.ts';
import { bookTitle } from '../figure/figure_text.ts';
import type { CodebookName } from '../../../quant/config.ts';

export type ErrorKind = 'mean' | 'square' | 'max';

/** A codebook's errors over the scaled weights. */
export interface ErrorCurve {
  book: CodebookName;
  /** [bins] over [-1, 1]: the error of the weights there, in parts of their absmax; 0 where there are none. */
  bins: number[];
  /** The count of each value's uses, the least value first, and their entropy in bits. */
  counts: { value: number; n: number }[];
  entropy_bits: number;
}

const BINS = 160;

/** The errors of every codebook on the screen, bin by bin of the scaled weights. */
export function errorsOf({ weights, books, blocksize }: Explore, kind: ErrorKind): ErrorCurve[] {
  if (!weights) return [];
  return books.map((book): ErrorCurve => {
    const quantized = quantizeBlockwise(weights, book, blocksize);
    const back = dequantizeBlockwise(quantized).data;
    const sums = new Array<number>(BINS).fill(0);
    const numbers = new Array<number>(BINS).fill(0);
    weights.data.forEach((weight, i) => {
      const absmax = quantized.scales.absmax[Math.floor(i / blocksize)]! || 1;
      const error = Math.abs(weight - back[i]!) / absmax;
      const bin = Math.min(BINS - 1, Math.floor(((weight / absmax + 1) / 2) * BINS));
      numbers[bin]!++;
      if (kind === 'max') sums[bin] = Math.max(sums[bin]!, error);
      else sums[bin]! += kind === 'square' ? error * error : error;
    });
    const bins = sums.map((sum, i) => (kind === 'max' || numbers[i] === 0 ? sum : sum / numbers[i]!));
    const { counts, entropy_bits } = usedLevels(quantized);
    return {
      book: book.quant_type,
      bins,
      counts: [...book.order].map((nibble) => ({ value: book.code[nibble]!, n: counts[nibble]! })),
      entropy_bits,
    };
  });
}

const KIND_TEXT: Record<ErrorKind, string> = {
  mean: 'mean error',
  square: 'mean squared error',
  max: 'largest error',
};

/** The curves in a sentence: where each codebook is worst. */
export function errorSentence(curves: readonly ErrorCurve[], kind: ErrorKind): string {
  const parts = curves.map(({ book, bins }) => {
    const worst = bins.indexOf(Math.max(...bins));
    return `${bookTitle(book)} near ${decimals(-1 + (2 * (worst + 0.5)) / bins.length, 2)} (${digits3(bins[worst]!)})`;
  });
  return `Where the ${KIND_TEXT[kind]}, in parts of the absmax, is largest: ${parts.join(', ')}.`;
}

/** The curves and the counts as numbers. */
export const errorTables = (curves: readonly ErrorCurve[]): TableTwin[] => [
  {
    caption: 'Error by scaled weight',
    head: ['weight ÷ absmax', ...curves.map(({ book }) => bookTitle(book))],
    rows: Array.from({ length: BINS }, (_, i) => [
      decimals(-1 + (2 * (i + 0.5)) / BINS, 3),
      ...curves.map(({ bins }) => decimals(bins[i]!, 4)),
    ]),
  },
  {
    caption: 'How often each value is used, from the least to the largest',
    head: ['place', ...curves.map(({ book }) => bookTitle(book))],
    rows: Array.from({ length: 16 }, (_, i) => [i, ...curves.map(({ counts }) => whole(counts[i]!.n))]),
  },
];
