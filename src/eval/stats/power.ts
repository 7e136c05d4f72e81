import type { MetricName } from './metric.ts';
import type { PairedComparison } from './paired.ts';
import { detectableDifference, sampleSize } from './stats.ts';

/** The share of flips assumed before any was counted: about a tenth where a model loses little by 4 bits. */
const USUAL_FLIPS = 0.1;

/**
 * A sentence on the power of `n` docs, if a share `flips` of them is answered right by one configuration alone: the
 * smallest difference seen four times in five at the 5 % level, and the docs that one point takes (Connor 1987).
 * `powerSentence(200)` is 'With n = 200 and 10.0 % of the docs flipping, differences of 6.2 points show four times in
 * five; 1 point takes about 7,800 docs'.
 */
export function powerSentence(n: number, flips = USUAL_FLIPS): string {
  const detectable = detectableDifference(n, flips);
  const needed = sampleSize(0.01, flips);
  const shown =
    detectable === null
      ? 'not even flips all one way show four times in five'
      : `differences of ${(100 * detectable).toFixed(1)} points show four times in five`;
  const point =
    needed === null ? '1 point cannot come from so few flips' : `1 point takes about ${rounded(needed)} docs`;
  return `With n = ${n.toLocaleString('en')} and ${(100 * flips).toFixed(1)} % of the docs flipping, ${shown}; ${point}`;
}

/** A number of docs in two digits: more would claim to know the share of flips. */
const rounded = (n: number): string => Number(n.toPrecision(2)).toLocaleString('en');

/**
 * The power sentence of the comparisons made: their n, and of all of them the largest share of flips; undefined for a
 * metric whose items are not right or wrong.
 */
export function powerOf(comparisons: readonly PairedComparison[], metric: MetricName): string | undefined {
  const tested = comparisons.flatMap(({ n, means }) =>
    means
      .filter((each) => each.metric === metric && each.test === 'mcnemar')
      .map(({ gained, lost }) => ({ n, flips: (gained + lost) / n })),
  );
  if (tested.length === 0) return undefined;
  const flips = Math.max(...tested.map((each) => each.flips));
  return powerSentence(Math.min(...tested.map(({ n }) => n)), flips || undefined);
}
