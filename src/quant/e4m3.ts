import { roundHalfEven } from './int8.ts';

/** The largest magnitude of E4M3FN. */
export const E4M3_MAX = 448;

/** The smallest normal magnitude of E4M3FN. */
export const E4M3_SMALLEST_NORMAL = 2 ** -6;

/**
 * The 256 values of an 8-bit float with four bits of exponent and three of mantissa, by bit pattern; it has no infinity,
 * and 0x7f and 0xff are NaN (Micikevicius et al. 2022, FP8 formats for deep learning, E4M3).
 */
export const E4M3: Float32Array<ArrayBuffer> = Float32Array.from({ length: 256 }, (_, code) => {
  const [sign, exponent, mantissa] = [code & 0x80 ? -1 : 1, (code >> 3) & 15, code & 7];
  if (exponent === 15 && mantissa === 7) return NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10));
});

/** The code nearest to a float32 within [-448, 448], ties to the even one: `nearestE4M3(1.05)` is 0x38, which is 1. */
export function nearestE4M3(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(x), E4M3_MAX);
  const exponent = magnitude < E4M3_SMALLEST_NORMAL ? -6 : Math.floor(Math.log2(magnitude));
  // In units of the last place: 8 to 15 for a normal number, 0 to 7 below; 16 is the next exponent's 8.
  const units = roundHalfEven(magnitude * 2 ** (3 - exponent));
  return sign | (((exponent + 6) << 3) + units);
}
