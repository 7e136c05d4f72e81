import type { AdapterReport } from '../gpu/adapter.ts';
import { calibrationWork } from '../model/calibration_work.ts';
import type { ModelConfig } from '../model/model_config.ts';
import { memoryNeeds, rounded, withoutRoom, type NoRoom } from './memory_estimate.ts';
import { arithmeticOf, PROBE_SECONDS, type Probe, type Speed } from './speed.ts';
import type { RunRecord } from './record.ts';
import { canonicalJson, type ExperimentSpec, type ModelRef } from './spec.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import { SAMPLES, type Calibration } from '../quant/calibrated/calibration.ts';
import { bitsPerWeight, type QuantConfig } from '../quant/config.ts';
import { calibratedFormats, isMadeByText } from '../quant/layers.ts';
import { CHARACTERS_PER_TOKEN } from './usual_item.ts';
import { bytes, dateTime, durationRange } from './view/format.ts';
import { sum } from '../tensor/sum.ts';

/** A run that was measured here before: how fast, and how large. */
export type PastRun = RunRecord;

/** The cost of a run, as far as earlier runs of the same model on this adapter tell it, or a probe. */
export interface Estimate {
  download_bytes?: number | undefined;
  /** Of the configuration with the largest weights: they are held one after another. */
  weight_bytes?: number | undefined;
  /** Of the configuration that needs the most beside its weights, where the model's shape is known. */
  working_bytes?: number | undefined;
  /** Configurations that have no room. */
  no_room?: readonly NoRoom[] | undefined;
  time?: { seconds: Range; by: { run: string } | 'probe' } | undefined;
}

type Range = readonly [least: number, most: number];

/**
 * The same tasks in the same proportion take about as long an item; other proportions may take twice or half. So may
 * the time a probe foretells: it knows neither the tokenizer nor these very items.
 */
const DOUBT = { same: 1.25, other: 2, probe: 2 };

/** What is known of the model and of the machine before a run. */
export interface KnownBefore {
  /** By a bundled model's own config.json; another one's is known from its probe. */
  shape?: ModelConfig | undefined;
  /** Of the adapter. */
  limits?: AdapterReport['limits'] | undefined;
}

/**
 * Estimates a run from those before it, the newest first, and from a probe what they leave open; without either of the
 * same model there is nothing to say, but of memory, which follows from the model's shape.
 */
export function estimateRun(
  spec: ExperimentSpec,
  past: readonly PastRun[],
  probe?: Probe,
  { limits, shape = probe?.shape }: KnownBefore = {},
): Estimate {
  const same = past.filter((run) => sameModel(run.spec.model, spec.model));
  const needs = shape && memoryNeeds(spec, shape);
  return {
    download_bytes:
      spec.model.source === 'hub' ? (first(same, downloadBytes) ?? probe?.download_bytes) : undefined,
    weight_bytes: needs
      ? Math.max(...needs.map(({ weights }) => weights))
      : first(same, (run) => weightBytes(spec.configs, run)),
    ...(needs && { working_bytes: Math.max(...needs.map(({ device, weights }) => device - weights)) }),
    ...(shape && { no_room: withoutRoom(spec, shape, { limits, past: same }) }),
    time: first(same, (run) => timeBy(spec, run)) ?? (probe && timeByProbe(spec, probe)),
  };
}

const sameModel = (a: ModelRef, b: ModelRef): boolean => identity(a) === identity(b);

/** A model by its name: another revision or adapter changes neither size nor speed by much. */
export const identity = (model: ModelRef): string =>
  `${model.source} ${model.source === 'hub' ? model.repo : model.name}`;

function first<T>(runs: readonly PastRun[], value: (run: PastRun) => T | undefined): T | undefined {
  for (const run of runs) {
    const found = value(run);
    if (found !== undefined) return found;
  }
  return undefined;
}

function downloadBytes({ environment }: PastRun): number | undefined {
  const files = Object.values(environment?.model.files ?? {});
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

/** About how many bits a weight takes; an unquantized one those it is stored in. */
const bitsOf = (config: QuantConfig, stored: number): number =>
  config.quant_type === 'none' ? stored : bitsPerWeight(config);

function timeBy({ configs, tasks }: ExperimentSpec, record: PastRun): Estimate['time'] {
  const before = record.spec.tasks;
  const known = new Set(before.map(({ task }) => task));
  const items = tasks.map(({ limit, doc_ids }) => doc_ids?.length ?? limit);
  const done = Object.values(record.configs);
  const timed = sum(done.map(({ timings }) => timings.items ?? 0));
  if (timed === 0 || items.includes(undefined) || !tasks.every(({ task }) => known.has(task)))
    return undefined;
  const made = new Set(record.spec.configs.map(canonicalJson));
  if (configs.some((config) => isMadeByText(config) && !made.has(canonicalJson(config)))) return undefined;
  const perItem = sum(done.map(({ timings }) => (timings.items ? timings.answer_seconds : 0))) / timed;
  const loading = sum(done.map(({ timings }) => timings.load_seconds)) / done.length;
  const seconds = configs.length * (loading + perItem * sum(items.map((n) => n ?? 0)));
  const doubt = proportion(tasks) === proportion(before) ? DOUBT.same : DOUBT.other;
  return seconds > 0
    ? { seconds: [seconds / doubt, seconds * doubt], by: { run: record.created } }
    : undefined;
}

function timeByProbe({ configs, tasks }: ExperimentSpec, probe: Probe): Estimate['time'] {
  const { speeds } = probe;
  let seconds = 0;
  for (const config of configs) {
    const kind = arithmeticOf(config);
    const speed = speeds[kind];
    const each = speed && tasks.map((task) => secondsOf(task, speed, kind === 'llm_int8'));
    if (!each || each.includes(undefined)) return undefined;
    seconds += speed.load_seconds + sum(each.map((known) => known ?? 0));
    const [made] = calibratedFormats(config);
    if (!made) continue;
    if (!probe.calibration) return undefined;
    seconds += calibrationSeconds(config, made.calibration, speed, probe);
  }
  return { seconds: [seconds / DOUBT.probe, seconds * DOUBT.probe], by: 'probe' };
}

/** Seconds that a text takes to make the layers of a configuration. */
function calibrationSeconds(
  config: QuantConfig,
  { text, tokens: length }: Calibration,
  { pass_seconds, token_seconds }: Speed,
  { shape, calibration }: Probe,
): number {
  const { multiplication_seconds, device_from = Infinity } = calibration!;
  const helps = (columns: number) => columns >= device_from;
  const { multiplications, tokens } = calibrationWork(shape, config, length, helps);
  // The model writes it itself, one token a pass.
  const writing = text === SAMPLES ? length * (pass_seconds + token_seconds) : 0;
  return writing + multiplications * multiplication_seconds + tokens * token_seconds;
}

/** Seconds of a task by a probed speed; undefined for a task whose size is unknown. */
function secondsOf(
  { task, limit = Infinity, doc_ids, num_fewshot = 0 }: ExperimentSpec['tasks'][number],
  { pass_seconds, token_seconds }: Speed,
  choicesApart: boolean,
): number | undefined {
  const { size } = TASKS[task];
  if (!size) return undefined;
  const items = doc_ids?.length ?? Math.min(limit, size.items);
  // LLM.int8() computes the choices of a question one by one, each with the whole context.
  const times = choicesApart ? size.choices : 1;
  const prompt = ((1 + num_fewshot) * size.characters) / CHARACTERS_PER_TOKEN;
  const generated = size.generated / CHARACTERS_PER_TOKEN;
  return items * ((times + generated) * pass_seconds + (times * prompt + generated) * token_seconds);
}

/** True if a probe of the model would tell how long the run takes, where earlier runs do not. */
export const wantsProbe = (spec: ExperimentSpec, { time }: Estimate): boolean =>
  !time && spec.tasks.every(({ task }) => TASKS[task].size);

/** The items' division among the tasks, in whole per cent: "mini_arc 74, mini_coqa 19, mini_text 7". */
function proportion(tasks: ExperimentSpec['tasks']): string {
  const counts = tasks.map(({ task, limit, doc_ids }) => ({ task, n: doc_ids?.length ?? limit ?? 0 }));
  const total = counts.reduce((sum, { n }) => sum + n, 0);
  return counts
    .map(({ task, n }) => `${task} ${Math.round((100 * n) / total)}`)
    .sort()
    .join(', ');
}

/** The estimate in sentences; none where nothing is known. */
export function estimateSentences({ download_bytes, weight_bytes, working_bytes, time }: Estimate): string[] {
  return [
    ...(download_bytes ? [`The download is about ${bytes(download_bytes)}.`] : []),
    ...(weight_bytes
      ? [
          `The weights take up to about ${bytes(rounded(weight_bytes))} of GPU memory at a time${working_bytes ? `, and computing with them up to about ${bytes(rounded(working_bytes))} more` : ''}.`,
        ]
      : []),
    ...(time ? [`${basis(time.by)}, it takes about ${durationRange(time.seconds)}.`] : []),
  ];
}

const basis = (by: NonNullable<Estimate['time']>['by']): string =>
  by === 'probe' ? `From a probe of ${PROBE_SECONDS} s on this GPU` : `From your run of ${dateTime(by.run)}`;
