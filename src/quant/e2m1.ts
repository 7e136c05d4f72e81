/**
 * The sixteen values of a 4-bit float with two bits of exponent and one of mantissa, in the order of their bit patterns:
 * 0, 0.5, 1, 1.5, 2, 3, 4, 6, then the same negated (OCP Microscaling Formats 1.0, FP4).
 */
export const E2M1 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** The largest magnitude of E2M1. */
export const E2M1_MAX = 6;

/** Half way between neighbouring magnitudes; where `TIES_UP` says so, the midpoint itself goes up: to the even code. */
const MIDPOINTS = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5];
const TIES_UP = [false, true, false, true, false, true, false];

/** The code nearest to x, ties to the even one; beyond 6 it is 6's. `nearestE2M1(-0.8)` is 10, which is -1. */
export function nearestE2M1(x: number): number {
  const magnitude = Math.abs(x);
  let code = 0;
  while (code < 7 && (magnitude > MIDPOINTS[code]! || (magnitude === MIDPOINTS[code] && TIES_UP[code])))
    code++;
  return x < 0 || Object.is(x, -0) ? code + 8 : code;
}
