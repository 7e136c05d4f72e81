import { summarizeDivergence } from '../eval/stats/divergence.ts';
import { comparePaired } from '../eval/stats/paired.ts';
import { aggregate } from '../eval/stats/metric.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import type { ItemResult } from '../eval/item.ts';
import { hashText } from './digest.ts';
import type { Comparison, ConfigRun, ExperimentResult, TaskResult } from './result.ts';
import { canonicalJson, type ExperimentSpec } from './spec.ts';
import { distinctNames } from './view/config_names.ts';
import type { RunRecord, StoredItem } from './record.ts';

/**
 * The result of a stored run, finished or not: a pure function of its rows, so that a run resumed ten times and one
 * that never stopped give the same numbers and the same digest.
 */
export function assembleResult(
  record: RunRecord,
  items: readonly StoredItem[],
): ExperimentResult | undefined {
  const { spec, environment, state, failure } = record;
  if (!environment) return undefined;
  const runs = spec.configs.flatMap((config, index): ConfigRun[] => {
    const kept = record.configs[index];
    if (!kept) return [];
    const tasks = spec.tasks.map(({ task }) => taskResult(task, itemsOf(items, index, task)));
    return [{ config, tasks, ...kept }];
  });
  return {
    version: 1,
    spec,
    environment,
    runs,
    comparisons: compareRuns(spec, runs),
    digest: digestOf(runs),
    ...(record.digest_fits === false && { digest_fits: false as const }),
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

/** Items of one configuration and task, sorted by doc_id: a resumed run answers them in another order. */
const itemsOf = (items: readonly StoredItem[], config: number, task: string): ItemResult[] =>
  items
    .filter((row) => row.config === config && row.task === task)
    .map(({ item }) => item)
    .sort((a, b) => a.doc_id - b.doc_id);

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
  const [baseline, ...others] = runs;
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
