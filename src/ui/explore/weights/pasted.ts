import type { Tensor } from '../../../tensor/tensor.ts';
import { VALUES } from './weights.ts';

/** The fewest numbers to paste: no distribution, but enough for a block by hand. */
export const LEAST_PASTED = 2;

/**
 * Numbers out of any text, separated by anything that is no number: a column of a table, a Python list. Undefined where
 * there are fewer than two; at most VALUES are taken. "[0.1, -2e-3; 4]" has three.
 */
export function parsePasted(text: string): Tensor | undefined {
  const found = text.replaceAll('−', '-').match(/[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/g) ?? [];
  const data = Float32Array.from(found.slice(0, VALUES), Number).filter((value) => Number.isFinite(value));
  return data.length < LEAST_PASTED ? undefined : { shape: [data.length], data };
}
