import type { MetricValue } from '../../eval/metric.ts';
import { decimals } from '../format.ts';

/** A metric with its standard error: "0.720 ± 0.032"; "5.31" of a perplexity, which has none. */
export function metricText({ value, stderr }: MetricValue): string {
  const places = Math.abs(value) < 2 ? 3 : Math.abs(value) < 100 ? 2 : 1;
  const error = stderr === null ? '' : ` ± ${decimals(stderr, places)}`;
  return `${decimals(value, places)}${error}`;
}
