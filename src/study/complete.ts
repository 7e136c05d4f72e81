import type { TaskName } from '../eval/tasks/tasks.ts';
import type { RunRecord } from './record.ts';

/** A configuration that has not all of its answers. */
export interface Gap {
  /** Index into the spec's configs. */
  config: number;
  answered: number;
  planned: number;
}

/** Answers of a run, counted: by configuration, then by task. */
export type AnswerCounts = readonly Partial<Record<TaskName, number>>[];

/**
 * The configurations of a run that lack answers, in order; a run without any is done. Where a record does not say how
 * many were planned, as older ones, every task was planned as often as the configuration that has most of it answered.
 * Of a shard its own answers are wanted.
 */
export function gapsOf(
  { spec, planned, shard }: Pick<RunRecord, 'spec' | 'planned' | 'shard'>,
  counts: AnswerCounts,
): Gap[] {
  const all = spec.tasks.map(({ task }) => ({
    task,
    n: planned?.[task] ?? Math.max(1, ...counts.map((own) => own[task] ?? 0)),
  }));
  return spec.configs.flatMap((_, config): Gap[] => {
    const own = counts[config] ?? {};
    const share = shard?.planned?.[config];
    const wanted = share ? all.map(({ task }) => ({ task, n: share[task] ?? 0 })) : all;
    if (wanted.every(({ task, n }) => (own[task] ?? 0) >= n)) return [];
    const answered = wanted.reduce((sum, { task }) => sum + (own[task] ?? 0), 0);
    return [{ config, answered, planned: wanted.reduce((sum, { n }) => sum + n, 0) }];
  });
}

/** The rows of a run counted, as `gapsOf` wants them. */
export function countAnswers(
  { spec }: Pick<RunRecord, 'spec'>,
  rows: Iterable<{ config: number; task: TaskName }>,
): AnswerCounts {
  const counts: Partial<Record<TaskName, number>>[] = spec.configs.map(() => ({}));
  for (const { config, task } of rows) {
    const own = counts[config];
    if (own) own[task] = (own[task] ?? 0) + 1;
  }
  return counts;
}
