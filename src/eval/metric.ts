import type { ItemResult } from './item.ts';
import { mean, meanStderr } from './stats.ts';

/**
 * Every metric, by the harness's name. `mean`: each item has a value of its own. `weighted`: the corpus has one,
 * from the summed log-likelihood over the summed `weight`.
 */
export const METRICS = {
  acc: { kind: 'mean', higher_is_better: true },
  acc_norm: { kind: 'mean', higher_is_better: true },
  acc_bytes: { kind: 'mean', higher_is_better: true },
  em: { kind: 'mean', higher_is_better: true },
  f1: { kind: 'mean', higher_is_better: true },
  word_perplexity: { kind: 'weighted', higher_is_better: false, weight: 'words', of: Math.exp },
  byte_perplexity: { kind: 'weighted', higher_is_better: false, weight: 'bytes', of: Math.exp },
  bits_per_byte: {
    kind: 'weighted',
    higher_is_better: false,
    weight: 'bytes',
    of: (nats: number) => nats / Math.LN2,
  },
} as const;

export type MetricName = keyof typeof METRICS;

/** A corpus value with the standard error of its mean; null where the harness writes "N/A". */
export interface MetricValue {
  value: number;
  stderr: number | null;
}

/** The item's own value of a metric of kind `mean`; undefined if an item of that output type has none. */
export function itemValue(item: ItemResult, metric: MetricName): number | undefined {
  const value = (item as Partial<Record<MetricName, unknown>>)[metric];
  return typeof value === 'number' ? value : undefined;
}

/**
 * The corpus values of `metrics`, as the harness's aggregations compute them. Items with acc 1, 0, 1 give
 * `{acc: {value: 0.6667, stderr: 0.3333}}`; perplexities and bits per byte have no stderr. No items, no values.
 */
export function aggregate(
  metrics: readonly MetricName[],
  items: readonly ItemResult[],
): Partial<Record<MetricName, MetricValue>> {
  const values: Partial<Record<MetricName, MetricValue>> = {};
  if (items.length === 0) return values;
  for (const name of metrics) {
    const metric = METRICS[name];
    if (metric.kind === 'mean') {
      const each = items.map((item) => itemValue(item, name)).filter((value) => value !== undefined);
      if (each.length > 0) values[name] = { value: mean(each), stderr: meanStderr(each) };
    } else {
      const rolling = items.filter((item) => item.output_type === 'loglikelihood_rolling');
      const loglikelihood = rolling.reduce((sum, item) => sum + item.loglikelihood, 0);
      const weight = rolling.reduce((sum, item) => sum + item[metric.weight], 0);
      if (weight > 0) values[name] = { value: metric.of(-loglikelihood / weight), stderr: null };
    }
  }
  return values;
}
