import { summarizeDivergence } from '../eval/stats/divergence.ts';
import { comparePaired } from '../eval/stats/paired.ts';
import { aggregate } from '../eval/stats/metric.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import type { ItemResult } from '../eval/item.ts';
import { textHasher } from './digest.ts';
import type { Comparison, ConfigRun, ExperimentResult, TaskResult, Timings } from './result.ts';
import { canonicalJson, type ExperimentSpec } from './spec.ts';
import type { RunRecord, Spent, StoredItem } from './record.ts';
import { baselineOf } from './baseline.ts';

/**
 * The result of a stored run, finished or not: a pure function of its rows, so that a run resumed ten times and one
 * that never stopped give the same numbers and the same digest.
 */
export function assembleResult(
  record: RunRecord,
  items: readonly StoredItem[],
): ExperimentResult | undefined {
  const builder = resultBuilder(record, 'whole');
  const rows = rowsByConfig(items);
  for (const config of measuredConfigs(record)) builder.add(config, rows[config] ?? []);
  return builder.result();
}

/** Goes once through the rows: a run may have a hundred thousand. */
function rowsByConfig(items: readonly StoredItem[]): StoredItem[][] {
  const rows: StoredItem[][] = [];
  for (const row of items) (rows[row.config] ??= []).push(row);
  return rows;
}

/** Indices into the spec's configs of those that were loaded: the n-th of them is the n-th run of the result. */
export const measuredConfigs = ({ spec, configs }: Pick<RunRecord, 'spec' | 'configs'>): number[] =>
  [...spec.configs.keys()].filter((index) => index in configs);

/** Makes a result one configuration at a time, so that not all of its answers need to be there at once. */
export interface ResultBuilder {
  /** Takes all rows of the next of `measuredConfigs`. */
  add(config: number, rows: readonly StoredItem[]): void;
  /** The result of the configurations so far; undefined before the model was read. */
  result(): ExperimentResult | undefined;
}

/** A builder whose result has all answers, or only what was computed from them, with `items` left empty. */
export function resultBuilder(record: RunRecord, answers: 'whole' | 'counted'): ResultBuilder {
  const { spec, environment, planned, shard, state, failure } = record;
  const runs: ConfigRun[] = [];
  const comparisons: Comparison[] = [];
  const digest = textHasher();
  digest.add('[');
  /** With its answers, whatever becomes of those in the result. */
  let baseline: ConfigRun | undefined;
  return {
    add(index, rows) {
      const config = spec.configs[index]!;
      const items = itemsByTask(rows);
      const tasks = spec.tasks.map(({ task }) => taskResult(task, items.get(task) ?? []));
      const kept = record.configs[index]!;
      const run: ConfigRun = { config, tasks, ...kept, timings: timingsOf(kept.timings, spentOn(rows)) };
      baseline ??= baselineOf({ spec, runs: [run] });
      if (runs.length > 0 && baseline) comparisons.push(...compareRun(spec, baseline, run, runs.length));
      if (runs.length > 0) digest.add(',');
      digest.add(answersText(run));
      runs.push(answers === 'whole' ? run : countedRun(run));
    },
    result() {
      if (!environment) return undefined;
      const whole = digest.copy();
      whole.add(']');
      return {
        version: 1,
        spec,
        environment,
        runs: [...runs],
        comparisons: [...comparisons],
        digest: whole.hex(),
        ...(record.digest_fits === false && { digest_fits: false as const }),
        ...(record.foreign && { foreign: true as const }),
        ...(planned && { planned }),
        ...(shard && { shard }),
        state,
        failure,
        ...failuresOf(record),
      };
    },
  };
}

/** A result with its numbers and none of its answers. */
export const countedResult = (result: ExperimentResult): ExperimentResult => ({
  ...result,
  runs: result.runs.map(countedRun),
});

/** A configuration with its numbers and none of its answers. */
const countedRun = (run: ConfigRun): ConfigRun => ({
  ...run,
  tasks: run.tasks.map((task) => ({ ...task, items: [] })),
});

function failuresOf({ spec, failures = {} }: RunRecord): Pick<ExperimentResult, 'failures'> {
  const failed = Object.entries(failures).map(([index, failure]) => ({
    config: spec.configs[Number(index)]!,
    failure,
  }));
  return failed.length > 0 ? { failures: failed } : {};
}

/** A configuration's items by task, sorted by doc_id: a resumed run answers them in another order. */
function itemsByTask(rows: readonly StoredItem[]): Map<string, ItemResult[]> {
  const items = new Map<string, ItemResult[]>();
  for (const { task, item } of rows) {
    const own = items.get(task);
    if (own) own.push(item);
    else items.set(task, [item]);
  }
  for (const own of items.values()) own.sort((a, b) => a.doc_id - b.doc_id);
  return items;
}

type Spending = Spent & { items: number };

/** What a configuration's items took, and how many of them say so. */
function spentOn(rows: readonly StoredItem[]): Spending {
  const sum = { seconds: 0, tokens: 0, items: 0 };
  for (const { spent } of rows) {
    if (!spent) continue;
    sum.seconds += spent.seconds;
    sum.tokens += spent.tokens;
    sum.items++;
  }
  return sum;
}

/** A record's configurations with the timings of their items: for readers of records alone, such as an estimate. */
export function timedConfigs(
  configs: RunRecord['configs'],
  items: readonly StoredItem[],
): RunRecord['configs'] {
  const rows = rowsByConfig(items);
  return Object.fromEntries(
    Object.entries(configs).map(([index, kept]) => [
      index,
      { ...kept, timings: timingsOf(kept.timings, spentOn(rows[Number(index)] ?? [])) },
    ]),
  );
}

/** Timings by the items that say what they took; those that came with the record where none does. */
function timingsOf(kept: Timings, { seconds, tokens, items }: Spending): Timings {
  if (items === 0) return kept;
  return {
    load_seconds: kept.load_seconds,
    ...{ answer_seconds: seconds, tokens, items, tokens_per_second: seconds > 0 ? tokens / seconds : 0 },
  };
}

function taskResult(name: TaskResult['task'], items: ItemResult[]): TaskResult {
  const task = TASKS[name];
  return {
    task: name,
    n: items.length,
    metrics: aggregate(task.metrics, items),
    ...(task.groups && items.length > 0 ? { groups: task.groups(items) } : {}),
    items,
  };
}

/** A configuration against the baseline, task by task; `at` is its place among the runs. */
const compareRun = (spec: ExperimentSpec, baseline: ConfigRun, run: ConfigRun, at: number): Comparison[] =>
  spec.tasks.flatMap(({ task }, t): Comparison[] => {
    const { items } = run.tasks[t]!;
    const paired = comparePaired(TASKS[task].metrics, baseline.tasks[t]!.items, items, spec.seed);
    const divergence = summarizeDivergence(items);
    return paired ? [{ config: at, task, ...paired, ...(divergence && { divergence }) }] : [];
  });

/** What of a configuration the digest covers, answers only: no times, no machine, no order of computation. */
const answersText = ({ config, tasks }: ConfigRun): string =>
  canonicalJson({ config, tasks: tasks.map(({ task, items }) => ({ task, items: items.map(answerOf) })) });

function answerOf(item: ItemResult): ItemResult {
  if (item.output_type !== 'loglikelihood_rolling') return item;
  const answer = { ...item };
  delete answer.divergence;
  return answer;
}
