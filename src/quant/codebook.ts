import { LabError } from '../errors.ts';
import type { CodebookName } from './config.ts';

/**
 * Sixteen values, mostly in [-1, 1], and the rule that picks one: a scaled weight takes the nearest value, and exactly
 * half way between two it takes the lower one. `nearest(NF4, 0.246)` is 10, whose value is 0.2461.
 */
export interface Codebook<Q extends string = CodebookName> {
  quant_type: Q;
  /** [16] the value of each nibble. */
  code: Float32Array<ArrayBuffer>;
  /** [15] ascending: float32 midpoints of the sorted values. */
  thresholds: Float32Array<ArrayBuffer>;
  /** [16] the nibble of each sorted place. */
  order: Uint8Array<ArrayBuffer>;
}

/**
 * A codebook of the user's own sixteen values, in any order.
 * @throws bad-spec when there are not sixteen, or one is not a finite number in [-1, 1].
 */
export function customCodebook(code: readonly number[]): Codebook<'custom'> {
  if (code.length !== 16)
    throw new LabError('bad-spec', `code has ${code.length} values; it needs exactly 16.`);
  const wrong = code.findIndex((v) => !(Math.abs(v) <= 1));
  if (wrong >= 0)
    throw new LabError('bad-spec', `code[${wrong}] is ${code[wrong]}; each value lies in [-1, 1].`);
  return makeCodebook('custom', code);
}

/** The nibble whose value is nearest to `scaled` = weight / scale; ties go to the lower value. */
export function nearest(
  { thresholds: t, order }: Pick<Codebook, 'thresholds' | 'order'>,
  scaled: number,
): number {
  let place = scaled > t[7]! ? 8 : 0;
  if (scaled > t[place + 3]!) place += 4;
  if (scaled > t[place + 1]!) place += 2;
  if (scaled > t[place]!) place += 1;
  return order[place]!;
}

/** A codebook of sixteen values in the order of their nibbles; they may leave [-1, 1] where a format scales them so. */
export function makeCodebook<Q extends string>(quant_type: Q, values: readonly number[]): Codebook<Q> {
  const code = Float32Array.from(values);
  // Equal values keep the order of their nibbles, so FP4's two zeros split at 0: bitsandbytes' own choice.
  const order = Uint8Array.from([...code.keys()].sort((a, b) => code[a]! - code[b]! || a - b));
  const thresholds = Float32Array.from({ length: 15 }, (_, i) => {
    const sum = Math.fround(code[order[i]!]! + code[order[i + 1]!]!);
    return sum / 2;
  });
  return { quant_type, code, thresholds, order };
}

/** Sixteen whole numbers from `first` on, as the values of codes that are a ruler. */
export const ruler = (first: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: 16 }, (_, i) => first + i);
