import { dequantizeAbsmax, quantizeAbsmax } from '../../../quant/double_quant.ts';
import { NF4 } from '../../../quant/formats/nf4.ts';
import { quantizeBlockwise } from '../../../quant/blockwise.ts';
import { report } from '../../../quant/error.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { decimals, digits3, whole } from '../../../study/view/format.ts';
import type { Explore } from '../explore.svelte.ts';

/** The absmax values on the screen, quantized and back. */
export interface DoubleQuantized {
  absmax: Float32Array;
  back: Float32Array;
  offset: number;
  /** The values that absmax of the first 256 blocks can come back as. */
  ticks: number[];
  /** Bits per weight before and after, and the error of NF4 weights before and after. */
  bits: readonly [number, number];
  errors: readonly [number, number];
}

/** The fewest blocks the picture is drawn for. */
const LEAST_BLOCKS = 8;

/** Double quantization of what is on the screen; undefined where there are too few blocks. */
export function doubleQuantOf({ weights, blocksize, deviation }: Explore): DoubleQuantized | undefined {
  if (!weights) return undefined;
  const plain = quantizeBlockwise(weights, NF4, blocksize);
  const { absmax } = plain.scales;
  if (absmax.length < LEAST_BLOCKS) return undefined;
  const nested = quantizeAbsmax(absmax);
  const [before, after] = [
    report(weights, plain),
    report(weights, { ...plain, scales: { kind: 'nested', ...nested } }),
  ];
  const scale = nested.nested_absmax[0]!;
  return {
    absmax,
    back: dequantizeAbsmax(nested),
    offset: nested.offset,
    ticks: Array.from(nested.code, (value) => value * scale + nested.offset),
    bits: [before.bits_per_weight, after.bits_per_weight],
    errors: [before.mean_abs_error / deviation, after.mean_abs_error / deviation],
  };
}

/** A sentence on the cost and the saving of double quantization. */
export function nestedScalesSentence({ absmax, bits, errors }: DoubleQuantized): string {
  const change = 100 * (errors[1] / errors[0] - 1);
  return `${whole(absmax.length)} absmax values. Bits per weight go from ${decimals(bits[0], 3)} to ${decimals(bits[1], 3)}; the mean error of NF4 goes from ${digits3(errors[0])} to ${digits3(errors[1])} standard deviations, by ${decimals(change, 2)} %.`;
}

/** The values as numbers. */
export const doubleQuantTable = ({ absmax, back }: DoubleQuantized): TableTwin => ({
  caption: 'absmax, and what comes back',
  head: ['block', 'absmax', 'back', 'error'],
  rows: Array.from(absmax, (value, i) => [
    i,
    decimals(value, 5),
    decimals(back[i]!, 5),
    decimals(back[i]! - value, 6),
  ]),
});
