import type { PairedComparison, PairedMean, PairedRatio } from './paired.ts';
import { pValue } from './p_value.ts';
import { unseenRate } from './stats.ts';

/** Below it a difference is claimed. */
export const LEVEL = 0.05;

/** The names that a sentence gives the two that are compared. */
export interface Names {
  baseline: string;
  other: string;
}

/** How many docs a test stands on: all, and those that vary independently. */
export type Counted = Pick<PairedComparison, 'n' | 'clusters'>;

/**
 * A sentence on a test, without its full stop; `p` is the test's own, or what is left of it among several. Of 1 gained
 * and 5 lost at 100 docs: 'NF4 is not distinguishable from float32 at n = 100: -4.0 points of acc, p = 0.219; it takes
 * 6.8 points to show four times in five'.
 */
export const verdictOf = (
  test: PairedMean | PairedRatio,
  counted: Counted,
  names: Names,
  p = test.p,
): string =>
  'ratio' in test ? ratioVerdict(test, counted, names, p) : meanVerdict(test, counted, names, p ?? test.p);

/** Whether a test shows a difference, and to which side; 'none' where it shows none. `p` as in `verdictOf`. */
export function outcomeOf(test: PairedMean | PairedRatio, p = test.p): 'worse' | 'better' | 'none' {
  if (p === null || p >= LEVEL) return 'none';
  const isWorse = 'ratio' in test ? test.ratio > 1 : test.difference < 0;
  return isWorse ? 'worse' : 'better';
}

function meanVerdict(
  { metric, difference, gained, lost, detectable }: PairedMean,
  { n, clusters }: Counted,
  { baseline, other }: Names,
  p: number,
): string {
  const size = `${(100 * Math.abs(difference)).toFixed(1)} points of ${metric}`;
  if (gained + lost === 0) {
    const unseen = (100 * unseenRate(clusters ?? n)).toFixed(1);
    return `${other} scores as ${baseline} on each of ${n} docs; up to ${unseen} % of all docs may still differ`;
  }
  if (p < LEVEL) return `${other} ${difference < 0 ? 'loses' : 'gains'} ${size} at n = ${n}, ${pValue(p)}`;
  const change = `${difference < 0 ? '-' : '+'}${size}, ${pValue(p)}`;
  const blind =
    detectable === null
      ? ''
      : `; it takes ${(100 * detectable).toFixed(1)} points to show four times in five`;
  return `${other} is not distinguishable from ${baseline} at n = ${n}: ${change}${blind}`;
}

function ratioVerdict(
  { metric, ratio, ci }: PairedRatio,
  { n }: Counted,
  { baseline, other }: Names,
  p: number | null,
): string {
  const name = metric.replace('_', ' ');
  const times = `${name} × ${ratio.toFixed(3)}`;
  if (ci === null || p === null) return `${other}: ${times} on one text, which gives no interval`;
  const range = `(95 %: ${ci[0].toFixed(3)} to ${ci[1].toFixed(3)})`;
  if (p >= LEVEL) {
    return `${other} is not distinguishable from ${baseline} on ${n} texts: ${times} ${range}, ${pValue(p)}`;
  }
  return `${other} ${ratio > 1 ? 'raises' : 'lowers'} ${name} on ${n} texts: × ${ratio.toFixed(3)} ${range}, ${pValue(p)}`;
}
