import { orLost, type Gpu } from '../gpu/device/device.ts';
import { fasterOnDevice, WIDE } from '../model/calibrate/on_device.ts';
import { parseConfig } from '../model/config.ts';
import { reserve, type Model } from '../model/forward.ts';
import { greedyToken } from '../model/logits.ts';
import { readJson } from '../model/read_json.ts';
import { forwardSequence } from '../model/sequence.ts';
import { withModel } from '../model/session.ts';
import { standIn, type StandIn } from '../model/stand_in.ts';
import { inverseFactor } from '../quant/calibrated/cholesky.ts';
import { isCalibrated, type CalibratedConfig, type QuantConfig } from '../quant/config.ts';
import { isMadeByText, layerFormat, layerRules } from '../quant/layers.ts';
import { openCheckpoint } from '../tensor/checkpoint.ts';
import type { Host, OpenedFiles } from './host.ts';
import {
  arithmeticOf,
  PROBE_SECONDS,
  type CalibrationSpeed,
  type Probe,
  type Speed,
} from '../study/speed.ts';
import type { ExperimentSpec } from '../study/spec.ts';

/** Tokens of the long pass: about a question with its choices, and several passes in the time even of a slow adapter. */
const LONG = 64;

/** Passes to time at least: other work on the machine may stretch one, but rarely two of three. */
const LEAST_PASSES = 3;

/**
 * Times passes of the model that comes with the page, or of a stand-in with the shapes that config.json gives: no
 * weight is downloaded.
 */
export async function probe(
  { model, configs }: Pick<ExperimentSpec, 'model' | 'configs'>,
  host: Pick<Host, 'gpu' | 'openFiles'>,
): Promise<Probe> {
  const gpu = await host.gpu();
  const opened = await host.openFiles(model, () => undefined, new AbortController().signal);
  const { files } = opened;
  const shape = parseConfig(await readJson(files, 'config.json'));
  const timed =
    model.source === 'bundled'
      ? { config: shape, checkpoint: await openCheckpoint(files), times: 1 }
      : await standIn(shape);
  const kinds = new Map(configs.map((config) => [arithmeticOf(config), config]));
  const speeds: Probe['speeds'] = {};
  for (const [kind, config] of kinds) {
    speeds[kind] = await timeModel(gpu, timed, timedAs(config), PROBE_SECONDS / kinds.size);
  }
  const calibration = configs.some(isMadeByText) ? await calibrationSpeed(gpu) : undefined;
  return { shape, download_bytes: downloadBytes(opened), speeds, calibration };
}

/** Columns of a matrix whose factor is timed: some thousandths of a second. */
const FACTORED = 192;

/** The CPU's speed by GPTQ's own factor of a small matrix, of which the first makes the engine compile it. */
async function calibrationSpeed(gpu: Gpu): Promise<CalibrationSpeed> {
  const seconds: number[] = [];
  for (let trial = 0; trial < 5; trial++) {
    const H = new Float64Array(FACTORED ** 2);
    for (let i = 0; i < FACTORED; i++) H[i * FACTORED + i] = 1 + i;
    const begun = performance.now();
    await inverseFactor(H, FACTORED, () => Promise.resolve());
    seconds.push((performance.now() - begun) / 1000);
  }
  return {
    multiplication_seconds: median(seconds) / (FACTORED ** 3 / 3),
    device_from: fasterOnDevice(gpu, Infinity) ? WIDE : undefined,
  };
}

/** A configuration that computes as this one does, and is made without a text. */
function timedAs(config: QuantConfig): QuantConfig {
  const own = isCalibrated(config) ? plainGroups(config) : config;
  const rules = layerRules(config);
  if (rules.length === 0) return own;
  const { compute_dtype } = config;
  const by_layer = rules.map(({ modules, as }) => ({
    modules,
    as: layerFormat(timedAs({ ...as, compute_dtype })),
  }));
  return { ...own, by_layer } as QuantConfig;
}

function plainGroups(config: CalibratedConfig): QuantConfig {
  const { group_size, compute_dtype } = config;
  const symmetric = 'symmetric' in config && config.symmetric;
  return {
    quant_type: 'int4_group',
    group_size: group_size === -1 ? 32 : group_size,
    symmetric,
    compute_dtype,
  };
}

function timeModel(gpu: Gpu, timed: StandIn, quant: QuantConfig, seconds: number): Promise<Speed> {
  const begun = performance.now();
  return withModel(gpu, timed, quant, async (model) => {
    await orLost(gpu, () => gpu.device.queue.onSubmittedWorkDone());
    const load_seconds = (performance.now() - begun) / 1000;
    const long = Math.min(LONG, model.config.max_position_embeddings);
    await reserve(model, long, long);
    const times_of_one: number[] = [];
    const times_of_long: number[] = [];
    // The first passes compile the kernels.
    await timePass(model, 1);
    await timePass(model, long);
    const until = performance.now() + 1000 * seconds;
    do {
      times_of_one.push(await timePass(model, 1));
      times_of_long.push(await timePass(model, long));
    } while (times_of_one.length < LEAST_PASSES || performance.now() < until);
    const one = median(times_of_one);
    const token_seconds = Math.max(0, median(times_of_long) - one) / (long - 1);
    return {
      load_seconds: timed.times * load_seconds,
      pass_seconds: timed.times * Math.max(0, one - token_seconds),
      token_seconds: timed.times * token_seconds,
    };
  });
}

/** Seconds from the tokens' ids to the id of the next one. */
async function timePass(model: Model, tokens: number): Promise<number> {
  const ids = Array.from({ length: tokens }, (_, i) => i % model.config.vocab_size);
  const begun = performance.now();
  await greedyToken(model, forwardSequence(model, ids, 0));
  return (performance.now() - begun) / 1000;
}

/** Bytes a run would download: the weights, in one file or in all their shards, and the files read beside them. */
function downloadBytes({ files, bytesOf }: OpenedFiles): number | undefined {
  if (!bytesOf) return undefined;
  const whole = files.names.includes('model.safetensors');
  const fetched = files.names.filter((name) =>
    name.endsWith('.safetensors')
      ? !whole || name === 'model.safetensors'
      : /^(config|tokenizer|special_tokens_map|added_tokens)/.test(name),
  );
  const sizes = fetched.map(bytesOf);
  return sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
