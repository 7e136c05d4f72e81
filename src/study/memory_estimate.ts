import { TASKS } from '../eval/tasks/tasks.ts';
import type { AdapterReport } from '../gpu/adapter.ts';
import { extentOf } from '../model/item_length.ts';
import { memoryNeed, type MemoryNeed } from '../model/memory.ts';
import type { ModelConfig } from '../model/model_config.ts';
import { overLimit, overLimitText } from '../model/memory_limit.ts';
import { ASKED_ROWS, configName, formatOf, isCalibrated, isPeer, type QuantConfig } from '../quant/config.ts';
import type { RunRecord } from './record.ts';
import { canonicalJson, type ExperimentSpec } from './spec.ts';
import { usualItem } from './usual_item.ts';
import { bytes, dateTime } from './view/format.ts';

/** Most checkpoints store 16 bits a weight. */
const STORED = { element_bytes: 2 };

/** What is known of the machine and of runs on it. */
export interface KnownRoom {
  /** Of the adapter; undefined before it was asked for. */
  limits: AdapterReport['limits'] | undefined;
  /** Runs of the same model on the adapter. */
  past: readonly RunRecord[];
}

/** A configuration that has no room, and why. */
export interface NoRoom {
  /** Index into the spec's configs. */
  config: number;
  sentence: string;
  /** A configuration that needs less, and bytes it takes on the GPU; none where every format is too large. */
  instead?: { config: QuantConfig; device: number };
}

/** The memory that each configuration of a spec takes at most, in its order. */
export function memoryNeeds(spec: ExperimentSpec, shape: ModelConfig): MemoryNeed[] {
  return spec.configs.map((config) => needOf(config, spec, shape));
}

const needOf = (config: QuantConfig, spec: ExperimentSpec, shape: ModelConfig): MemoryNeed =>
  memoryNeed(shape, config, STORED, extent(config, spec, shape));

const extent = (config: QuantConfig, { tasks, configs }: ExperimentSpec, shape: ModelConfig) =>
  extentOf(
    tasks.map((task) => usualItem(task, shape.max_position_embeddings)),
    config,
    configs.length > 1 && tasks.some(({ task }) => TASKS[task].output_type === 'loglikelihood_rolling'),
  );

/**
 * The configurations of a spec that have no room on the adapter, as far as a browser can know: it tells the largest
 * buffer and never the memory in all, but a run of the model that found no room says that as much has none. A later run
 * that had as much, or more, takes that back.
 */
export function withoutRoom(spec: ExperimentSpec, shape: ModelConfig, { limits, past }: KnownRoom): NoRoom[] {
  const device = (config: QuantConfig) => needOf(config, spec, shape).device;
  const deviceIn = (run: RunRecord) => (config: QuantConfig) => needOf(config, run.spec, shape).device;
  const ran = Math.max(0, ...past.flatMap((run) => answered(run).map(deviceIn(run))));
  const full = past
    .flatMap((run) => fullIn(run).map((config) => ({ bytes: deviceIn(run)(config), created: run.created })))
    .filter(({ bytes }) => bytes > ran)
    .sort((a, b) => a.bytes - b.bytes)[0];
  return spec.configs.flatMap((config, index): NoRoom[] => {
    const asked = extent(config, spec, shape);
    const over = limits && overLimit(shape, config, STORED, asked, limits);
    if (over) {
      return [{ config: index, sentence: `${configName(config)} ${overLimitText(asked.slots, over)}` }];
    }
    const needed = device(config);
    if (!full || needed < full.bytes) return [];
    const instead = smaller(spec, device, ran, full.bytes);
    return [
      {
        config: index,
        sentence: `${configName(config)} takes about ${bytes(rounded(needed))} of GPU memory; your run of ${dateTime(full.created)} found no room for ${bytes(rounded(full.bytes))}.`,
        ...(instead && { instead }),
      },
    ];
  });
}

/** The configurations of a run that answered something. */
const answered = ({ spec, configs }: RunRecord): QuantConfig[] =>
  spec.configs.filter((_, i) => (configs[i]?.timings.items ?? 0) > 0);

/** The configurations of a run that found no room. */
const fullIn = ({ spec, failures = {} }: RunRecord): QuantConfig[] =>
  spec.configs.filter((_, i) => failures[i]?.code === 'out-of-memory');

/**
 * The known format to take in place of one without room, none that the spec has already: the largest that needs no more
 * than what `ran` here, or else the smallest of all that need less than what was too much.
 */
function smaller(
  { configs }: ExperimentSpec,
  deviceOf: (config: QuantConfig) => number,
  ran: number,
  too_much: number,
): NoRoom['instead'] {
  const taken = new Set(configs.map(canonicalJson));
  const offered = ASKED_ROWS.map(
    ({ quant_type, knobs, start }) => ({ ...knobs, ...start, quant_type }) as QuantConfig,
  )
    .filter((config) => fitsAnyShape(config) && !taken.has(canonicalJson(config)))
    .map((config) => ({ config, device: deviceOf(config) }))
    .filter(({ device }) => device < too_much)
    .sort((a, b) => a.device - b.device);
  return offered.filter(({ device }) => device <= ran).at(-1) ?? offered[0];
}

/** True of a format of ours that needs no text and no rows of a certain length. */
const fitsAnyShape = (config: QuantConfig): boolean =>
  !isCalibrated(config) &&
  !isPeer(config) &&
  config.quant_type !== 'custom' &&
  (formatOf(config).groupOf?.(config) ?? 1) === 1;

/** Two digits are all that is meant. */
export const rounded = (n: number): number => Number(n.toPrecision(2));
