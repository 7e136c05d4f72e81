import type { MetricValue } from '../../eval/stats/metric.ts';
import { decimals } from './format.ts';

/**
 * The 95 % interval of a metric: Wilson's where it is a share of right answers, else 1.96 standard errors; empty where
 * there is none.
 */
export function intervalText({ value, stderr, ci }: MetricValue): string {
  const [low, high] = ci ?? [value - 1.96 * (stderr ?? 0), value + 1.96 * (stderr ?? 0)];
  return low === high ? '' : `${decimals(low, 3)} to ${decimals(high, 3)}`;
}

/** A metric with its standard error: "0.720 ± 0.032"; "5.31" of a perplexity, which has none. */
export function metricText({ value, stderr }: MetricValue): string {
  const places = Math.abs(value) < 2 ? 3 : Math.abs(value) < 100 ? 2 : 1;
  const error = stderr === null ? '' : ` ± ${decimals(stderr, places)}`;
  return `${decimals(value, places)}${error}`;
}
