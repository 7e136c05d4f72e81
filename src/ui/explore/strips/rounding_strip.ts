import { dequantizeBlockwise } from '../../../quant/blockwise.ts';
import { nibbleAt } from '../../../quant/pack.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { decimals } from '../../../study/view/format.ts';
import type { Explore } from '../explore.svelte.ts';
import { bookTitle } from '../figure/figure_text.ts';
import type { CodebookName } from '../../../quant/config.ts';
import type { Step } from './one_block.ts';

/** A weight's way, with its block's absmax. */
export type BlockStep = Step & { absmax: number };

/** The number of arrows that can be told apart beside each other. */
const SHOWN = 64;

/** Every weight of the selected block on its way through the chosen codebook and back. */
export function stepsOf({ weights, quantized, block, blocksize, blockLength }: Explore): BlockStep[] {
  if (!weights || !quantized) return [];
  const begin = block * blocksize;
  const absmax = quantized.scales.absmax[block]!;
  const back = dequantizeBlockwise(quantized).data;
  return Array.from({ length: blockLength }, (_, i): BlockStep => {
    const weight = weights.data[begin + i]!;
    const nibble = nibbleAt(quantized.packed, begin + i);
    const value = quantized.code[nibble]!;
    return { weight, absmax, scaled: weight / (absmax || 1), nibble, value, back: back[begin + i]! };
  });
}

/** The part of a block that fits beside each other, with weight `at` in it. */
export function windowOf(
  steps: readonly BlockStep[],
  at: number,
): { begin: number; steps: readonly BlockStep[] } {
  const begin = Math.floor(at / SHOWN) * SHOWN;
  return { begin, steps: steps.slice(begin, begin + SHOWN) };
}

/** "Weight 3: 0.231 ÷ absmax 0.940 = 0.246 → nibble a, 0.2461 → × 0.940 = 0.2313, error 0.0003". */
export const arithmetic = ({ weight, absmax, scaled, nibble, value, back }: BlockStep, at: number): string =>
  `Weight ${at}: ${decimals(weight, 4)} ÷ absmax ${decimals(absmax, 4)} = ${decimals(scaled, 4)} → nibble ${nibble.toString(16)}, ${decimals(value, 4)} → × ${decimals(absmax, 4)} = ${decimals(back, 4)}, error ${decimals(back - weight, 4)}.`;

/** The arrows as numbers. */
export const stepsTable = (steps: readonly BlockStep[], book: CodebookName): TableTwin => ({
  caption: `The block in ${bookTitle(book)}`,
  head: ['place', 'weight', '÷ absmax', 'nibble', 'value', 'back', 'error'],
  rows: steps.map(({ weight, scaled, nibble, value, back }, i) => [
    i,
    decimals(weight, 4),
    decimals(scaled, 4),
    nibble.toString(16),
    decimals(value, 4),
    decimals(back, 4),
    decimals(back - weight, 4),
  ]),
});
