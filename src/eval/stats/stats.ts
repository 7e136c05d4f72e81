import type { Random } from '../../tensor/random.ts';

/** An interval that holds the true value in 95 of 100 such experiments. */
export type Interval = [low: number, high: number];

/** The normal distribution's 0.975 quantile. */
export const Z95 = 1.959963984540054;
/** The normal distribution's 0.8 quantile, for a test that finds a difference four times in five. */
export const Z80 = 0.8416212335729143;

/** `mean([1, 0, 1])` is 0.6667. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Standard error of the mean, sample form: sqrt(sum (x - mean)^2 / (n - 1)) / sqrt(n), as lm-evaluation-harness's
 * mean_stderr. `meanStderr([1, 0, 1])` is 0.3333; of one value there is none.
 */
export function meanStderr(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mu = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - mu) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1)) / Math.sqrt(values.length);
}

/**
 * Standard error of the mean of scores that stray together within clusters, one list a cluster: questions about one
 * story are not as many as they look. sqrt(G/(G-1) sum_g (sum_i x_gi - mean)^2) / n of G clusters (Liang and Zeger
 * 1986; Miller 2024, arXiv:2411.00640, has it without G/(G-1)); of clusters of one it is meanStderr.
 * `clusteredStderr([[1, 1], [0, 0], [1, 0]])` is 0.2887 where meanStderr would say 0.2236; of one cluster there is
 * none.
 */
export function clusteredStderr(clusters: readonly (readonly number[])[]): number | null {
  const G = clusters.length;
  if (G < 2) return null;
  const values = clusters.flat();
  const mu = mean(values);
  const squares = clusters.reduce((sum, own) => sum + own.reduce((a, x) => a + (x - mu), 0) ** 2, 0);
  return Math.sqrt((squares * G) / (G - 1)) / values.length;
}

/**
 * Standard error of the mean over groups of fixed sizes, one list a group, as lm-evaluation-harness's
 * pooled_sample_stderr: only the spread within groups counts, sqrt(sum_g sum_i (x_gi - mean_g)^2 / (n - G)) / sqrt(n).
 * A group of one says nothing about spread. `pooledStderr([[1, 0], [1, 1, 0]])` is 0.2789; of groups of one there is
 * none.
 */
export function pooledStderr(groups: readonly (readonly number[])[]): number | null {
  const n = groups.reduce((sum, own) => sum + own.length, 0);
  if (n <= groups.length) return null;
  const squares = groups.reduce((sum, own) => {
    const mu = mean(own);
    return sum + own.reduce((a, x) => a + (x - mu) ** 2, 0);
  }, 0);
  return Math.sqrt(squares / (n - groups.length) / n);
}

/**
 * Wilson's 95 % interval of a proportion (1927), which stays in [0, 1] and has width even at 0 of n:
 * `wilson(122, 200)` is [0.541, 0.675].
 */
export function wilson(successes: number, n: number): Interval {
  const p = successes / n;
  const z2 = Z95 * Z95;
  const centre = p + z2 / (2 * n);
  const reach = Z95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  const scale = 1 + z2 / n;
  return [Math.max(0, (centre - reach) / scale), Math.min(1, (centre + reach) / scale)];
}

/**
 * Exact McNemar test, two-sided: the chance that `lost` and `gained` items differ at least this much if both kinds of
 * flip were as likely. `mcnemar(5, 15)` is 0.0414; items that did not flip say nothing.
 */
export function mcnemar(lost: number, gained: number): number {
  const n = lost + gained;
  const least = Math.min(lost, gained);
  // Summed from the largest term down as ratios, so that 2^-n cannot vanish before it is multiplied.
  let ratio = 1;
  let sum = 1;
  for (let i = least; i > 0; i--) {
    ratio *= i / (n - i + 1);
    sum += ratio;
  }
  let logTerm = -n * Math.LN2;
  for (let i = 1; i <= least; i++) logTerm += Math.log((n - least + i) / i);
  return Math.min(1, 2 * sum * Math.exp(logTerm));
}

/** A mean of per-item differences, with its standard error and 95 % interval; null where there is one item. */
export interface MeanDifference {
  mean: number;
  stderr: number | null;
  ci: Interval | null;
}

/**
 * The mean of paired differences, `mean ± 1.96 stderr`: for right-and-wrong scores its stderr is
 * sqrt((b + c)/n - d^2) / sqrt(n - 1). Of 1 gained, 5 lost, 94 the same: -0.04, [-0.088, 0.008].
 */
export function meanDifference(
  differences: readonly number[],
  stderr = meanStderr(differences),
): MeanDifference {
  const d = mean(differences);
  return { mean: d, stderr, ci: stderr === null ? null : [d - Z95 * stderr, d + Z95 * stderr] };
}

/** Draws of a bootstrap or a randomization: a 2.5 % quantile then stands on 250 draws, and the least p is 0.0001. */
const DRAWS = 10_000;

/**
 * Paired percentile bootstrap of a mean, 95 %: items are drawn with replacement, both models' values together, so
 * `differences` holds one number an item. Null for one item, which holds no spread to draw from.
 */
export const bootstrapInterval = (differences: readonly number[], random: Random): Interval | null =>
  bootstrapClusters(
    differences.map((d) => [d]),
    random,
  );

/**
 * The bootstrap interval of items that stray together within clusters, one list a cluster: whole clusters are drawn.
 */
export function bootstrapClusters(clusters: readonly (readonly number[])[], random: Random): Interval | null {
  const G = clusters.length;
  if (G < 2) return null;
  const sums = clusters.map((own) => own.reduce((sum, d) => sum + d, 0));
  const means = Float64Array.from({ length: DRAWS }, () => {
    let sum = 0;
    let n = 0;
    for (let i = 0; i < G; i++) {
      const drawn = random.integer(G);
      sum += sums[drawn]!;
      n += clusters[drawn]!.length;
    }
    return sum / n;
  }).sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/**
 * Fisher's paired randomization test, two-sided: the share of draws in which the mean is as far from zero when each
 * item's two values are swapped by a coin. McNemar's test is the same for right and wrong; unlike the bootstrap it
 * cannot be sure of three items: their p is 0.25 at best. Swaps are drawn, so p has a standard error of up to 0.005. Of
 * clusters `differences` holds the sums, so that the two values of all items of one are swapped together.
 */
export function randomizationP(differences: readonly number[], random: Random): number {
  const changed = differences.filter((d) => d !== 0);
  const sum = changed.reduce((total, d) => total + d, 0);
  // Sums of the same numbers in another order may differ in their last bits and are still as far.
  const far = Math.abs(sum) * (1 - 1e-12);
  let asFar = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    let swapped = 0;
    for (const d of changed) swapped += random.integer(2) === 0 ? d : -d;
    if (Math.abs(swapped) >= far) asFar++;
  }
  return (asFar + 1) / (DRAWS + 1);
}

/** Linear between neighbours, as numpy's default. */
export function quantile(sorted: Float64Array, q: number): number {
  const place = q * (sorted.length - 1);
  const low = Math.floor(place);
  const lower = sorted[low]!;
  return lower + (place - low) * ((sorted[low + 1] ?? lower) - lower);
}

/**
 * The number of items a paired test needs to find a difference four times in five at the 5 % level, if `discordant` of
 * them flip: n = (1.96 sqrt(pd) + 0.84 sqrt(pd - d^2))^2 / d^2 (Connor 1987). `sampleSize(0.01, 0.1)` is 7847, one
 * point at ten flips in a hundred; null where so large a difference cannot come from so few flips.
 */
export function sampleSize(difference: number, discordant: number): number | null {
  if (difference <= 0 || difference > discordant) return null;
  const root = Z95 * Math.sqrt(discordant) + Z80 * Math.sqrt(discordant - difference ** 2);
  return Math.ceil((root / difference) ** 2);
}

/**
 * The smallest difference that `n` items find four times in five: sampleSize solved for the difference.
 * `detectableDifference(1172, 0.1)` is 0.0259; null where even flips all one way would not do.
 */
export function detectableDifference(n: number, discordant: number): number | null {
  const needed = (d: number) =>
    ((Z95 * Math.sqrt(discordant) + Z80 * Math.sqrt(discordant - d * d)) / d) ** 2;
  if (discordant <= 0 || needed(discordant) > n) return null;
  let low = 0;
  let high = discordant;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (needed(middle) > n) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The largest share of the population that may still differ if none of `n` items did: 1 - 0.05^(1/n), the exact form of
 * "three over n". `unseenRate(100)` is 0.0295.
 */
export const unseenRate = (n: number): number => 1 - 0.05 ** (1 / n);
