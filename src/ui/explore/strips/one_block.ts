import { dequantizeBlockwise, quantizeBlockwise } from '../../../quant/blockwise.ts';
import { CODEBOOKS } from '../../../quant/config.ts';
import { nibbleAt } from '../../../quant/pack.ts';
import type { NamedCodebook } from '../../../quant/config.ts';

/** The eight weights of the example in quantizeBlockwise's documentation. */
export const EIGHT_WEIGHTS = [0.231, -0.94, 0.5, 0, -0.31, 0.72, -0.05, 0.12];

/** One weight's way through a codebook and back. */
export interface Step {
  weight: number;
  scaled: number;
  nibble: number;
  /** The codebook's value at that place. */
  value: number;
  back: number;
}

/** The eight weights as one block: in NF4 the first goes 0.231 → 0.246 → a → 0.2461 → 0.2313. */
export function oneBlock(book: NamedCodebook): { absmax: number; steps: Step[]; bytes: number[] } {
  const data = Float32Array.from(EIGHT_WEIGHTS);
  const quantized = quantizeBlockwise({ shape: [data.length], data }, CODEBOOKS[book], data.length);
  const back = dequantizeBlockwise(quantized).data;
  const absmax = quantized.scales.absmax[0]!;
  const steps = EIGHT_WEIGHTS.map((weight, i): Step => {
    const nibble = nibbleAt(quantized.packed, i);
    return { weight, scaled: weight / absmax, nibble, value: quantized.code[nibble]!, back: back[i]! };
  });
  return { absmax, steps, bytes: [...quantized.packed] };
}
