import { LabError } from '../errors.ts';

/**
 * Sixteen values in [-1, 1] and the rule that picks one: a scaled weight takes the nearest value, and exactly
 * half way between two it takes the lower one. `nearest(NF4, 0.246)` is 10, whose value is 0.2461.
 */
export interface Codebook {
  quant_type: 'nf4' | 'fp4' | 'int4' | 'custom';
  /** [16] the value of each nibble. */
  code: Float32Array<ArrayBuffer>;
  /** [15] ascending: float32 midpoints of the sorted values. */
  thresholds: Float32Array<ArrayBuffer>;
  /** [16] the nibble of each sorted place. */
  order: Uint8Array<ArrayBuffer>;
}

/**
 * The quantiles of a standard normal, normalised to [-1, 1], with an exact 0: about as many weights of a
 * normally distributed block fall on each (Dettmers et al. 2023, QLoRA, appendix E; bitsandbytes functional.py).
 */
const NF4_CODE = [
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
];

/**
 * A 4-bit float in the order of its bit patterns, sign · exponent · exponent · mantissa: 0, 0.0625, 8, 12, 4, 6,
 * 2, 3 over 12, then the same negated (bitsandbytes functional.py, get_4bit_type). Not evenly spaced, and half
 * of its values lie above a quarter of the block's absmax.
 */
const FP4_CODE = signed([0, 0.0625, 8, 12, 4, 6, 2, 3].map((v) => v / 12));

/** The symmetric ruler 7 … 0, 0 … -7 over 7 (bitsandbytes functional.py, get_4bit_type "int4"); 0 stands twice. */
const INT4_CODE = [7, 6, 5, 4, 3, 2, 1, 0]
  .flatMap((v) => v / 7)
  .concat([0, 1, 2, 3, 4, 5, 6, 7].map((v) => (0 - v) / 7));

export const NF4 = makeCodebook('nf4', NF4_CODE);
export const FP4 = makeCodebook('fp4', FP4_CODE);
export const INT4 = makeCodebook('int4', INT4_CODE);

/** The codebook of a named quant_type. */
export const CODEBOOKS = { nf4: NF4, fp4: FP4, int4: INT4 } as const;

/**
 * A codebook of the user's own sixteen values, in any order.
 * @throws bad-spec when there are not sixteen, or one is not a finite number in [-1, 1].
 */
export function customCodebook(code: readonly number[]): Codebook {
  if (code.length !== 16)
    throw new LabError('bad-spec', `code has ${code.length} values; it needs exactly 16.`);
  const wrong = code.findIndex((v) => !(Math.abs(v) <= 1));
  if (wrong >= 0)
    throw new LabError('bad-spec', `code[${wrong}] is ${code[wrong]}; each value lies in [-1, 1].`);
  return makeCodebook('custom', code);
}

/** The nibble whose value is nearest to `scaled` = weight / absmax; ties go to the lower value. */
export function nearest({ thresholds: t, order }: Codebook, scaled: number): number {
  let place = scaled > t[7]! ? 8 : 0;
  if (scaled > t[place + 3]!) place += 4;
  if (scaled > t[place + 1]!) place += 2;
  if (scaled > t[place]!) place += 1;
  return order[place]!;
}

function makeCodebook(quant_type: Codebook['quant_type'], values: readonly number[]): Codebook {
  const code = Float32Array.from(values);
  // Equal values keep the order of their nibbles, so FP4's two zeros split at 0: bitsandbytes' own choice.
  const order = Uint8Array.from([...code.keys()].sort((a, b) => code[a]! - code[b]! || a - b));
  const thresholds = Float32Array.from({ length: 15 }, (_, i) => {
    const sum = Math.fround(code[order[i]!]! + code[order[i + 1]!]!);
    return sum / 2;
  });
  return { quant_type, code, thresholds, order };
}

function signed(magnitudes: readonly number[]): number[] {
  return [...magnitudes, ...magnitudes.map((v) => 0 - v)];
}
