import { summarizeDivergence } from '../eval/stats/divergence.ts';
import { comparePaired } from '../eval/stats/paired.ts';
import { aggregate } from '../eval/stats/metric.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import type { ItemResult } from '../eval/item.ts';
import { hashText } from './digest.ts';
import type { Comparison, ConfigRun, ExperimentResult, TaskResult, Timings } from './result.ts';
import { canonicalJson, type ExperimentSpec } from './spec.ts';
import { distinctNames } from './view/config_names.ts';
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
  const { spec, environment, planned, shard, state, failure } = record;
  if (!environment) return undefined;
  const rows = sortRows(items);
  const runs = spec.configs.flatMap((config, index): ConfigRun[] => {
    const kept = record.configs[index];
    if (!kept) return [];
    const tasks = spec.tasks.map(({ task }) => taskResult(task, rows.of(index, task)));
    return [{ config, tasks, ...kept, timings: timingsOf(kept.timings, rows.spent[index]) }];
  });
  return {
    version: 1,
    spec,
    environment,
    runs,
    comparisons: compareRuns(spec, runs),
    digest: digestOf(runs),
    ...(record.digest_fits === false && { digest_fits: false as const }),
    ...(record.foreign && { foreign: true as const }),
    ...(planned && { planned }),
    ...(shard && { shard }),
    state,
    failure,
    ...failuresOf(record),
  };
}

function failuresOf({ spec, failures = {} }: RunRecord): Pick<ExperimentResult, 'failures'> {
  const failed = Object.entries(failures).map(([index, failure]) => ({
    config: spec.configs[Number(index)]!,
    failure,
  }));
  return failed.length > 0 ? { failures: failed } : {};
}

/** A run's rows by what they answer. */
interface SortedRows {
  /** Items of one configuration and task, sorted by doc_id: a resumed run answers them in another order. */
  of(config: number, task: string): ItemResult[];
  /** By configuration: what its items took, and how many of them say so. */
  spent: Spending[];
}

type Spending = Spent & { items: number };

/** Goes once through the rows: a run may have a hundred thousand. */
function sortRows(rows: readonly StoredItem[]): SortedRows {
  const items = new Map<string, ItemResult[]>();
  const spent: Spending[] = [];
  for (const row of rows) {
    const key = `${row.config} ${row.task}`;
    const own = items.get(key);
    if (own) own.push(row.item);
    else items.set(key, [row.item]);
    if (!row.spent) continue;
    const sum = (spent[row.config] ??= { seconds: 0, tokens: 0, items: 0 });
    sum.seconds += row.spent.seconds;
    sum.tokens += row.spent.tokens;
    sum.items++;
  }
  return {
    of: (config, task) => (items.get(`${config} ${task}`) ?? []).sort((a, b) => a.doc_id - b.doc_id),
    spent,
  };
}

/** A record's configurations with the timings of their items: for readers of records alone, such as an estimate. */
export function timedConfigs(
  configs: RunRecord['configs'],
  items: readonly StoredItem[],
): RunRecord['configs'] {
  const { spent } = sortRows(items);
  return Object.fromEntries(
    Object.entries(configs).map(([index, kept]) => [
      index,
      { ...kept, timings: timingsOf(kept.timings, spent[Number(index)]) },
    ]),
  );
}

/** Timings by the items that say what they took; those that came with the record where none does. */
function timingsOf(kept: Timings, spent: Spending | undefined): Timings {
  if (!spent) return kept;
  const { seconds, tokens, items } = spent;
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

function compareRuns(spec: ExperimentSpec, runs: readonly ConfigRun[]): Comparison[] {
  const [first, ...others] = runs;
  const baseline = first && baselineOf({ spec, runs: [first] });
  if (!baseline) return [];
  const names = distinctNames(runs.map(({ config }) => config));
  return others.flatMap((run, i) =>
    spec.tasks.flatMap(({ task }, t): Comparison[] => {
      const before = { name: names[0]!, items: baseline.tasks[t]!.items };
      const after = { name: names[i + 1]!, items: run.tasks[t]!.items };
      const paired = comparePaired(TASKS[task].metrics, before, after, spec.seed);
      const divergence = summarizeDivergence(after.items);
      return paired ? [{ config: i + 1, task, ...paired, ...(divergence && { divergence }) }] : [];
    }),
  );
}

/** Answers only: no times, no machine, no order of computation. */
const digestOf = (runs: readonly ConfigRun[]): string =>
  hashText(
    canonicalJson(
      runs.map(({ config, tasks }) => ({
        config,
        tasks: tasks.map(({ task, items }) => ({ task, items: items.map(answerOf) })),
      })),
    ),
  );

function answerOf(item: ItemResult): ItemResult {
  if (item.output_type !== 'loglikelihood_rolling') return item;
  const answer = { ...item };
  delete answer.divergence;
  return answer;
}
