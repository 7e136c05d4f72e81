import { TASKS, type TaskName } from '../../../eval/tasks/tasks.ts';
import type { Failure } from '../../../errors.ts';
import type { MetricValue } from '../../../eval/stats/metric.ts';
import type { ItemEvent, Phase, RunEvent } from '../../../lab/protocol.ts';
import { endState } from '../../../study/end_state.ts';
import type { ConfigRun, ExperimentResult, ModelReading, RunState } from '../../../study/result.ts';
import { canonicalJson, type ExperimentSpec } from '../../../study/spec.ts';
import { gapSentences } from '../../../study/view/notes.ts';
import { sum } from '../../../tensor/sum.ts';

/** A run in progress, put together from its events for the screen. */
export interface Live {
  spec: ExperimentSpec;
  state: RunState;
  run_id?: string | undefined;
  /** The step in progress, a check or bytes being downloaded or hashed, and how far it is. */
  step?: LiveStep | undefined;
  /** How the model's files were read, once they were. */
  reading?: ModelReading | undefined;
  /** Items of each task; of the spec's limits until the files were read. */
  planned: Partial<Record<TaskName, number>>;
  rows: LiveRow[];
  item?: ItemEvent | undefined;
  /** Sentences about the download. */
  said?: readonly string[] | undefined;
  eta_seconds?: readonly [number, number] | undefined;
  /** Since when it is paused. */
  paused?: number | undefined;
  failure?: Failure | undefined;
  /** Why nothing of the run is stored, where that is so; `result` is all there is of it in the end. */
  unstored?: Failure | undefined;
  result?: ExperimentResult | undefined;
  /** The GPU was lost, and the run waits for another one or loads its weights again. */
  lost?: boolean | undefined;
  /** At its end: which configurations lack answers, and why. */
  notes?: readonly string[];
}

/** A step before answers: its bytes or, of checks and a calibration, its counts. */
export interface LiveStep {
  phase: Exclude<Phase, 'load' | 'answer'>;
  done: number;
  total: number;
  what: string;
  eta_seconds?: number | undefined;
}

/** One configuration. */
export interface LiveRow {
  phase: 'waiting' | 'load' | 'answer' | 'done' | 'stopped';
  /** Of the weights while they load, from 0 to 1. */
  loaded: number;
  scores: Partial<Record<TaskName, LiveScore>>;
  tokens_per_second?: number | undefined;
  /** The time its first item of this sitting was asked, moved on by every pause, and the items answered since. */
  since?: { time: number; items: number } | undefined;
  items_per_second?: number | undefined;
  footprint?: ConfigRun['footprint'] | undefined;
}

/** A task's primary metric so far. */
export interface LiveScore {
  n: number;
  metric: MetricValue | undefined;
}

/** A run about to start; `before` is what a resumed one had measured. */
export function startLive(spec: ExperimentSpec, before?: ExperimentResult): Live {
  const rows = spec.configs.map((config): LiveRow => {
    const kept = before?.runs.find((run) => canonicalJson(run.config) === canonicalJson(config));
    const scores: LiveRow['scores'] = {};
    for (const { task, n, metrics } of kept?.tasks ?? []) {
      if (n > 0) scores[task] = { n, metric: metrics[TASKS[task].primary_metric] };
    }
    return {
      phase: 'waiting',
      loaded: 0,
      scores,
      footprint: kept?.footprint,
      tokens_per_second: kept?.timings.tokens_per_second,
    };
  });
  const planned: Live['planned'] = {};
  for (const { task, limit, doc_ids } of spec.tasks) planned[task] = doc_ids?.length ?? limit ?? 0;
  return { spec, state: 'running', planned, rows };
}

/** The run after one more event; `now` is in seconds. */
export function reduceRun(live: Live, event: RunEvent, now: number): Live {
  switch (event.type) {
    case 'started':
      return { ...live, run_id: event.run_id, spec: event.spec };
    case 'progress': {
      const { phase, config, done, total, what, eta_seconds } = event;
      if (phase !== 'load') return { ...live, step: { phase, done, total, what, eta_seconds } };
      // Layers are loaded one by one as they are calibrated.
      const step = live.step?.phase === 'calibrate' ? live.step : undefined;
      return withRow({ ...live, step }, config ?? 0, (row) => ({
        ...row,
        phase: 'load',
        loaded: total > 0 ? done / total : 0,
      }));
    }
    case 'environment':
      return { ...live, step: undefined, reading: event.environment.model.reading };
    case 'planned':
      return { ...live, planned: Object.fromEntries(event.tasks.map(({ task, n }) => [task, n])) };
    case 'foreseen':
      return live;
    case 'unstored':
      return { ...live, unstored: event.failure };
    case 'device-lost':
      return { ...live, lost: true };
    case 'loaded':
      return withRow({ ...live, lost: undefined, step: undefined }, event.config, (row) => ({
        ...row,
        phase: 'answer',
        footprint: event.footprint,
        since: { time: now, items: 0 },
      }));
    case 'item':
      return withRow({ ...live, item: event, eta_seconds: event.eta_seconds }, event.config, (row) =>
        answered(row, event, now),
      );
    case 'note':
      return { ...live, said: [...new Set([...(live.said ?? []), event.text])] };
    case 'paused':
      return { ...live, paused: now };
    case 'continued':
      return {
        ...live,
        paused: undefined,
        rows: live.rows.map((row) => later(row, now - (live.paused ?? now))),
      };
    case 'config-done':
      return withRow(live, event.config, (row) => ({ ...row, phase: 'done' }));
    case 'config-failed':
      return withRow(live, event.config, (row) => ({ ...row, phase: 'stopped' }));
    case 'finished':
      return {
        ...live,
        result: event.result,
        state: event.result.state,
        notes: gapSentences(event.result),
        paused: undefined,
        eta_seconds: undefined,
        step: undefined,
        rows: live.rows.map((row) => (row.phase === 'stopped' ? row : { ...row, phase: 'done' })),
      };
    case 'failed':
      return {
        ...live,
        result: event.result,
        state: endState(event.failure.code),
        lost: undefined,
        failure: event.failure,
        paused: undefined,
        eta_seconds: undefined,
        step: undefined,
        rows: live.rows.map((row) =>
          row.phase === 'load' || row.phase === 'answer' ? { ...row, phase: 'stopped' } : row,
        ),
      };
  }
}

function withRow(live: Live, index: number, change: (row: LiveRow) => LiveRow): Live {
  return { ...live, rows: live.rows.map((row, i) => (i === index ? change(row) : row)) };
}

/** The row with its start moved on by a pause of `seconds`, which so lowers no rate. */
const later = (row: LiveRow, seconds: number): LiveRow =>
  row.since ? { ...row, since: { ...row.since, time: row.since.time + seconds } } : row;

function answered(row: LiveRow, { task, done, metrics, tokens_per_second }: ItemEvent, now: number): LiveRow {
  const since = { time: row.since?.time ?? now, items: (row.since?.items ?? 0) + 1 };
  const seconds = now - since.time;
  return {
    ...row,
    phase: 'answer',
    scores: { ...row.scores, [task]: { n: done, metric: metrics[TASKS[task].primary_metric] } },
    tokens_per_second,
    since,
    items_per_second: seconds > 0 ? since.items / seconds : undefined,
  };
}

/** Items of one configuration, answered and planned. */
export function rowCount({ planned }: Live, { scores }: LiveRow): { done: number; total: number } {
  return {
    done: sum(Object.values(scores).map(({ n }) => n)),
    total: sum(Object.values(planned)),
  };
}

/** The share of all items that is answered, 0 to 100; 100 only when it is all of them. */
export function percentDone(live: Live): number {
  const counts = live.rows.map((row) => rowCount(live, row));
  const total = sum(counts.map(({ total }) => total));
  return total === 0 ? 0 : Math.floor((100 * sum(counts.map(({ done }) => done))) / total);
}
