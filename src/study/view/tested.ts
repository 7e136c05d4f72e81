import { ADJUSTMENTS, type Adjustment } from '../../eval/stats/adjust.ts';
import type { MetricName } from '../../eval/stats/metric.ts';
import type { PairedMean, PairedRatio } from '../../eval/stats/paired.ts';
import { outcomeOf, verdictOf } from '../../eval/stats/verdict.ts';
import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { Comparison } from '../result.ts';

/** A configuration's test on a task's primary metric, read together with all others of the result. */
export interface Tested {
  /** Place among the runs. */
  config: number;
  task: TaskName;
  test: PairedMean | PairedRatio;
  /** Adjusted to the number of tests; null where there was too little to test. */
  p: number | null;
  outcome: 'worse' | 'better' | 'none';
  /** A sentence without its full stop. */
  verdict: string;
}

/** The ways to adjust p-values to one another, as a list shows them. */
export const ADJUSTMENT_OPTIONS = (Object.keys(ADJUSTMENTS) as Adjustment[]).map((value) => ({
  value,
  label: ADJUSTMENTS[value].title,
}));

/** The tests of a result on its tasks' primary metrics: those of one table, adjusted to one another. */
export function testsOf(
  comparisons: readonly Comparison[],
  names: readonly string[],
  adjustment: Adjustment,
): Tested[] {
  const tests = comparisons.flatMap((comparison) => {
    const test = testOf(comparison, TASKS[comparison.task].primary_metric);
    return test ? [{ comparison, test }] : [];
  });
  const ps = adjustedTo(
    tests.map(({ test }) => test.p),
    adjustment,
  );
  return tests.map(({ comparison, test }, i) => {
    const { config, task } = comparison;
    const p = ps[i]!;
    const verdict = verdictOf(test, comparison, { baseline: names[0]!, other: names[config]! }, p);
    return { config, task, test, p, outcome: outcomeOf(test, p), verdict };
  });
}

/** The p-values adjusted to one another, those left out that are none. */
export function adjustedTo(ps: readonly (number | null)[], adjustment: Adjustment): (number | null)[] {
  const found = ADJUSTMENTS[adjustment].of(ps.filter((p) => p !== null));
  let next = 0;
  return ps.map((p) => (p === null ? null : found[next++]!));
}

/** What was done to the p-values, and what it promises; undefined where there is one test, which needs nothing. */
export function adjustedSentence(tests: readonly Tested[], adjustment: Adjustment): string | undefined {
  const n = tests.filter(({ p }) => p !== null).length;
  const { title, promise } = ADJUSTMENTS[adjustment];
  return n < 2 ? undefined : `${n} tests at once: p-values are adjusted by ${title}, so that ${promise}.`;
}

/** The test of one metric in a comparison; undefined where it was not tested. */
export const testOf = (
  { means, ratios }: Pick<Comparison, 'means' | 'ratios'>,
  metric: MetricName,
): PairedMean | PairedRatio | undefined => [...means, ...ratios].find((each) => each.metric === metric);
