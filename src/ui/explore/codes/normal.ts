/** The standard normal density. `normalDensity(0)` is 0.3989. */
export const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** The standard normal distribution function, by Marsaglia's series; exact to 1e-12 for |x| below 6. */
export function normalShare(x: number): number {
  let sum = x;
  let term = x;
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) sum += term *= (x * x) / i;
  return 0.5 + sum * normalDensity(x);
}

/** The point below which a share `p` of a standard normal lies, by bisection. `normalQuantile(0.975)` is 1.96. */
export function normalQuantile(p: number): number {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** One value of NF4 on its way: the share of a normal below it, the quantile there, and that over the largest. */
export interface DerivedValue {
  share: number;
  quantile: number;
  value: number;
}

/** The outermost share: half way between two ways to cut the tails, 1/30 and 1/32 (bitsandbytes functional.py, create_normal_map). */
const OUTERMOST = 1 - (1 / 32 + 1 / 30) / 2;

/**
 * NF4 out of the normal distribution: eight quantiles above the middle, seven below, zero itself, all over the largest.
 * Ascending; within 1e-6 of the stored values.
 */
export function deriveNf4(): DerivedValue[] {
  const spaced = (count: number) =>
    Array.from({ length: count }, (_, i) => OUTERMOST + ((0.5 - OUTERMOST) * i) / count);
  const upper = spaced(8);
  const lower = spaced(7).map((share) => 1 - share);
  const largest = normalQuantile(OUTERMOST);
  return [...lower, 0.5, ...upper]
    .sort((a, b) => a - b)
    .map((share) => {
      const quantile = share === 0.5 ? 0 : normalQuantile(share);
      return { share, quantile, value: quantile / largest };
    });
}
