import { namedCodebook } from './blockwise.ts';

/** Magnitudes in the order of their bit patterns: exponent · exponent · mantissa. */
const MAGNITUDES = [0, 0.0625, 8, 12, 4, 6, 2, 3].map((v) => v / 12);

/**
 * A 4-bit float in the order of its bit patterns, sign · exponent · exponent · mantissa: 0, 0.0625, 8, 12, 4, 6,
 * 2, 3 over 12, then the same negated (bitsandbytes functional.py, get_4bit_type). Not evenly spaced, and half
 * of its values lie above a quarter of the block's absmax.
 */
export const fp4 = namedCodebook({
  quant_type: 'fp4',
  values: [...MAGNITUDES, ...MAGNITUDES.map((v) => 0 - v)],
  about:
    'a float of four bits: sign, two bits of exponent, one of mantissa. Its values are not evenly spaced, and two of the 16 are zero.',
  saved: 'bitsandbytes',
  look: { hue: 'fp4', shape: 'diamond', dash: 'dashed' },
});

export const FP4 = fp4.codebook;
