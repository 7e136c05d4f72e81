import type { RunRecord } from '../../lab/store.ts';
import { canonicalJson, type ExperimentSpec, type ModelRef } from '../../lab/spec.ts';
import type { QuantConfig } from '../../quant/config.ts';
import { bytes, durationRange } from '../format.ts';

/** A run that was measured here before: how fast, and how large. */
export interface PastRun {
  record: RunRecord;
  answers: number;
}

/** What a run will take, as far as earlier runs of the same model on this machine tell. */
export interface Estimate {
  download_bytes?: number | undefined;
  /** Of the largest configuration: they are held one after another. */
  weight_bytes?: number | undefined;
  seconds?: readonly [number, number] | undefined;
}

/** The same tasks in the same proportion take about as long an item; other proportions may take twice or half. */
const DOUBT = { same: 1.25, other: 2 };

/** Estimates a run from those before it, the newest first; without one of the same model there is nothing to say. */
export function estimateRun(spec: ExperimentSpec, past: readonly PastRun[]): Estimate {
  const same = past.filter(({ record }) => sameModel(record.spec.model, spec.model));
  return {
    download_bytes: spec.model.source === 'hub' ? first(same, downloadBytes) : undefined,
    weight_bytes: first(same, ({ record }) => weightBytes(spec.configs, record)),
    seconds: first(same, (run) => secondsBy(spec, run)),
  };
}

const sameModel = (a: ModelRef, b: ModelRef): boolean => identity(a) === identity(b);

/** Another revision or adapter changes neither size nor speed by much. */
const identity = (model: ModelRef): string =>
  `${model.source} ${model.source === 'hub' ? model.repo : model.name}`;

function first<T>(runs: readonly PastRun[], value: (run: PastRun) => T | undefined): T | undefined {
  for (const run of runs) {
    const found = value(run);
    if (found !== undefined) return found;
  }
  return undefined;
}

function downloadBytes({ record }: PastRun): number | undefined {
  const files = Object.values(record.environment?.model.files ?? {});
  return files.length === 0 ? undefined : files.reduce((sum, file) => sum + file.bytes, 0);
}

function weightBytes(configs: readonly QuantConfig[], { spec, configs: measured }: RunRecord) {
  const known = new Map(
    Object.entries(measured).map(([i, { footprint }]) => [canonicalJson(spec.configs[Number(i)]), footprint]),
  );
  const [any] = known.values();
  if (!any) return undefined;
  const { parameters, quantized_parameters: quantized, bits_per_weight, actual_bytes } = any;
  // What is not quantized is the same in every configuration.
  const rest = actual_bytes - (quantized * bits_per_weight) / 8;
  const stored = parameters > quantized ? (8 * rest) / (parameters - quantized) : 16;
  return Math.max(
    ...configs.map(
      (config) =>
        known.get(canonicalJson(config))?.actual_bytes ?? rest + (quantized * bitsOf(config, stored)) / 8,
    ),
  );
}

/** About how many bits a weight takes; rows are long, so that their scales hardly count. */
function bitsOf(config: QuantConfig, stored: number): number {
  if (config.quant_type === 'none') return stored;
  if (!('blocksize' in config)) return 8;
  return 4 + (config.double_quant ? 8.125 : 32) / config.blocksize;
}

function secondsBy(
  { configs, tasks }: ExperimentSpec,
  { record, answers }: PastRun,
): readonly [number, number] | undefined {
  const before = record.spec.tasks;
  const known = new Set(before.map(({ task }) => task));
  const items = tasks.map(({ limit, doc_ids }) => doc_ids?.length ?? limit);
  const done = Object.values(record.configs);
  if (answers === 0 || items.includes(undefined) || !tasks.every(({ task }) => known.has(task)))
    return undefined;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const perItem = sum(done.map(({ timings }) => timings.answer_seconds)) / answers;
  const loading = sum(done.map(({ timings }) => timings.load_seconds)) / done.length;
  const seconds = configs.length * (loading + perItem * sum(items.map((n) => n ?? 0)));
  const doubt = proportion(tasks) === proportion(before) ? DOUBT.same : DOUBT.other;
  return seconds > 0 ? [seconds / doubt, seconds * doubt] : undefined;
}

/** How the items divide among the tasks, in whole per cent: "mini_arc 74, mini_coqa 19, mini_text 7". */
function proportion(tasks: ExperimentSpec['tasks']): string {
  const counts = tasks.map(({ task, limit, doc_ids }) => ({ task, n: doc_ids?.length ?? limit ?? 0 }));
  const total = counts.reduce((sum, { n }) => sum + n, 0);
  return counts
    .map(({ task, n }) => `${task} ${Math.round((100 * n) / total)}`)
    .sort()
    .join(', ');
}

/** The estimate in sentences; none where nothing is known. */
export function estimateSentences({ download_bytes, weight_bytes, seconds }: Estimate): string[] {
  return [
    ...(download_bytes ? [`The download is about ${bytes(download_bytes)}.`] : []),
    ...(weight_bytes
      ? [
          `The weights take up to about ${bytes(Number(weight_bytes.toPrecision(2)))} of GPU memory at a time.`,
        ]
      : []),
    ...(seconds ? [`By the speed of an earlier run, it takes about ${durationRange(seconds)}.`] : []),
  ];
}
