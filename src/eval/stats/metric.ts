import type { ClassifyItem, ItemResult } from '../item.ts';
import { classScores, macroScores } from './classes.ts';
import { clusteredStderr, mean, meanStderr, pooledStderr, wilson, type Interval } from './stats.ts';

/**
 * Every metric by the harness's name, with its title in a table and a note on what it measures. `mean`: each item has a
 * value of its own. `weighted`: the corpus has one, from the summed log-likelihood over the summed `weight`. `macro`:
 * the unweighted mean of each class's precision, recall or f1, as `of` says, over the classes that occur. `class`: a
 * class has one, the corpus none. A perplexity depends on how a text was cut to the model's window, its `reading`.
 */
export const METRICS = {
  acc: {
    title: 'acc',
    note: 'share of questions whose most likely choice is right',
    kind: 'mean',
    higher_is_better: true,
  },
  acc_norm: {
    title: 'acc_norm',
    note: 'as acc, with each choice’s log-likelihood divided by its length in characters',
    kind: 'mean',
    higher_is_better: true,
  },
  acc_bytes: {
    title: 'acc_bytes',
    note: 'as acc, with each choice’s log-likelihood divided by its length in bytes',
    kind: 'mean',
    higher_is_better: true,
  },
  em: {
    title: 'em',
    note: 'share of answers that match a reference exactly',
    kind: 'mean',
    higher_is_better: true,
  },
  f1: {
    title: 'f1',
    note: 'how far the answer’s words overlap a reference’s',
    kind: 'mean',
    higher_is_better: true,
  },
  macro_precision: {
    title: 'macro precision',
    note: 'of the texts put into a class, the share that is of it; the mean over classes',
    kind: 'macro',
    higher_is_better: true,
    of: 'precision',
  },
  macro_recall: {
    title: 'macro recall',
    note: 'of the texts of a class, the share put into it; the mean over classes',
    kind: 'macro',
    higher_is_better: true,
    of: 'recall',
  },
  macro_f1: {
    title: 'macro f1',
    note: 'the harmonic mean of a class’s precision and recall; the mean over classes',
    kind: 'macro',
    higher_is_better: true,
    of: 'f1',
  },
  precision: {
    title: 'precision',
    note: 'of the texts put into the class, the share that is of it',
    kind: 'class',
    higher_is_better: true,
  },
  recall: {
    title: 'recall',
    note: 'of the texts of the class, the share put into it',
    kind: 'class',
    higher_is_better: true,
  },
  word_perplexity: {
    title: 'word perplexity',
    note: 'among how many equally likely words the model wavers; lower is better',
    kind: 'weighted',
    higher_is_better: false,
    weight: 'words',
    of: Math.exp,
    reading: 'rolling',
  },
  byte_perplexity: {
    title: 'byte perplexity',
    note: 'among how many equally likely bytes the model wavers; lower is better',
    kind: 'weighted',
    higher_is_better: false,
    weight: 'bytes',
    of: Math.exp,
    reading: 'rolling',
  },
  bits_per_byte: {
    title: 'bits per byte',
    note: 'bits it would take to store the text with this model’s help; lower is better',
    kind: 'weighted',
    higher_is_better: false,
    weight: 'bytes',
    of: (nats: number) => nats / Math.LN2,
    reading: 'rolling',
  },
  token_perplexity: {
    title: 'token perplexity',
    note: 'among how many equally likely tokens the model wavers; compares within one tokenizer; lower is better',
    kind: 'weighted',
    higher_is_better: false,
    weight: 'tokens',
    of: Math.exp,
    reading: 'rolling',
  },
} as const;

export type MetricName = keyof typeof METRICS;

/**
 * The three ways in use to read a text that is longer than the model's window. They give one model three perplexities,
 * which compare with their own kind alone. The tasks here are all `rolling`.
 */
export const READINGS = {
  rolling:
    'lm-evaluation-harness: windows of the model’s length, side by side; each token is foreseen once, the first of a window from one token before it',
  strided:
    'transformers’ guide: windows of the model’s length that move on by a stride, often 512; each token is foreseen once, with at least the window less the stride before it',
  chunked:
    'llama.cpp: the text in chunks, often of 512 tokens, of which only the second half is foreseen, from all of the chunk before it',
} as const;

export type Reading = keyof typeof READINGS;

/** A corpus value with the standard error of its mean; null where the harness writes "N/A". */
export interface MetricValue {
  value: number;
  stderr: number | null;
  /** Wilson's 95 % interval where the value is a share of right answers that do not stray together. */
  ci?: Interval;
}

/** The item's own value of a metric of kind `mean`; undefined if an item of that output type has none. */
export function itemValue(item: ItemResult, metric: MetricName): number | undefined {
  const value = (item as Partial<Record<MetricName, unknown>>)[metric];
  return typeof value === 'number' ? value : undefined;
}

/**
 * The corpus values of `metrics`, as the harness's aggregations compute them. Items with acc 1, 0, 1 give
 * `{acc: {value: 0.6667, stderr: 0.3333, ci: [0.208, 0.939]}}`; perplexities, bits per byte and macro means have no
 * stderr. Where items belong to clusters or groups, the standard error of a mean is the clustered or the pooled one. No items,
 * no values.
 */
export function aggregate(
  metrics: readonly MetricName[],
  items: readonly ItemResult[],
): Partial<Record<MetricName, MetricValue>> {
  const values: Partial<Record<MetricName, MetricValue>> = {};
  for (const name of metrics) {
    const value = corpusValue(name, items);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function corpusValue(name: MetricName, items: readonly ItemResult[]): MetricValue | undefined {
  const metric = METRICS[name];
  switch (metric.kind) {
    case 'mean': {
      const own = items.filter((item) => itemValue(item, name) !== undefined);
      if (own.length === 0) return undefined;
      const each = own.map((item) => itemValue(item, name)!);
      const share = each.every((value) => value === 0 || value === 1) && !valuesBy('cluster', own, each);
      const right = each.reduce((sum, value) => sum + value, 0);
      return {
        value: mean(each),
        stderr: stderrOf(own, each),
        ...(share ? { ci: wilson(right, each.length) } : {}),
      };
    }
    case 'weighted': {
      const rolling = items.filter((item) => item.output_type === 'loglikelihood_rolling');
      const loglikelihood = rolling.reduce((sum, item) => sum + item.loglikelihood, 0);
      const weight = rolling.reduce((sum, item) => sum + item[metric.weight], 0);
      return weight > 0 ? { value: metric.of(-loglikelihood / weight), stderr: null } : undefined;
    }
    case 'macro': {
      const classified = items.filter((item): item is ClassifyItem => item.output_type === 'classify');
      if (classified.length === 0) return undefined;
      return { value: macroScores(classScores(classified))[metric.of], stderr: null };
    }
    case 'class':
      return undefined;
  }
}

/**
 * The standard error of a mean. Clusters are a sample and make the error; groups are all there are: only the spread
 * within them does.
 */
function stderrOf(items: readonly ItemResult[], values: readonly number[]): number | null {
  const clusters = valuesBy('cluster', items, values);
  if (clusters) return clusteredStderr(clusters);
  const groups = valuesBy('group', items, values);
  return groups ? pooledStderr(groups) : meanStderr(values);
}

/** `values` parted by the items' cluster or group; undefined where items have none. */
function valuesBy(
  key: 'cluster' | 'group',
  items: readonly ItemResult[],
  values: readonly number[],
): number[][] | undefined {
  const parts = new Map<string, number[]>();
  for (const [i, item] of items.entries()) {
    const name = item[key];
    if (name === undefined) return undefined;
    const own = parts.get(name);
    if (own) own.push(values[i]!);
    else parts.set(name, [values[i]!]);
  }
  return [...parts.values()];
}
