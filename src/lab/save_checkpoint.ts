import { LabError } from '../errors.ts';
import { isCompanion } from '../model/model_files.ts';
import { linearModules, type LinearModule } from '../model/modules.ts';
import { printMembers, readMembers } from '../model/read_json.ts';
import type { TorchDtype } from '../quant/bitsandbytes_format.ts';
import type { QuantConfig } from '../quant/config.ts';
import { groupByConfig, layerConfig, layerRules, skippedModules } from '../quant/layers.ts';
import { shortNames } from '../quant/mix.ts';
import { isQuantizing, quantize, requireGroups } from '../quant/quantize.ts';
import type { QuantizedTensor } from '../quant/quantized.ts';
import { requireWriter, type Writer } from '../quant/saved/writer.ts';
import { readWeight, readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import { encodeFloats, isQuantizable } from '../tensor/dtype.ts';
import type { FileSet } from '../tensor/source.ts';
import { transposed } from '../tensor/tensor.ts';
import { headerOf, plannedBytes, type PlannedTensor } from '../tensor/write_safetensors.ts';
import { openWholeFloats, requireFinite } from './whole_floats.ts';

/** The destination of a checkpoint: one file after another, each in pieces. */
export interface FileSink {
  open(name: string): Promise<OpenFile>;
}

export interface OpenFile {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
}

/** Files larger than this are cut: transformers' own limit is larger, but some hosts stop at 2 GB. */
export const SHARD_BYTES = 2e9;

/** Called after each tensor with how many are written, of how many. */
export type SaveProgress = (done: number, total: number) => void;

/** Layers that a text has quantized, and what was changed for them elsewhere. */
export interface MadeLayers {
  linears: ReadonlyMap<string, QuantizedTensor>;
  /** What the values of other tensors are divided by, by name. */
  divisors: ReadonlyMap<string, Float64Array>;
}

/** One tensor of the source and what it becomes. */
interface Job {
  planned: PlannedTensor[];
  make(): Promise<Uint8Array<ArrayBuffer>[]>;
}

/**
 * Writes a quantized copy of a model that transformers' from_pretrained loads: the Linear layers of the blocks quantized,
 * as their tool stores them, everything else as it is, config.json with its quantization_config. Memory holds one tensor;
 * layers that a text has made are handed over in `made`.
 * @throws missing-tensor or bad-config when the source is not whole, bad-spec when it is quantized already, and all
 * of openWeights'.
 */
export async function saveCheckpoint(
  files: FileSet,
  config: QuantConfig,
  sink: FileSink,
  onProgress: SaveProgress = () => {},
  shardBytes = SHARD_BYTES,
  made?: MadeLayers,
): Promise<void> {
  const writer = requireWriter(config);
  // As written: whoever reads the copy may tell 30.0 from 30.
  const settings = await readMembers(files, 'config.json');
  const { checkpoint, config: model } = await openWholeFloats(files);
  const modules = linearModules(model, checkpoint);
  const jobs = planJobs(checkpoint, modules, { writer, config, made });
  const shards = cutIntoShards(jobs, shardBytes);
  let done = 0;
  for (const [i, shard] of shards.entries()) {
    const file = await sink.open(shardName(i, shards.length));
    await file.write(headerOf(shard.flatMap(({ planned }) => planned)));
    for (const job of shard) {
      for (const bytes of await job.make()) await file.write(bytes);
      onProgress(++done, jobs.length);
    }
    await file.close();
  }
  if (shards.length > 1) {
    await writeText(sink, 'model.safetensors.index.json', `${JSON.stringify(indexOf(shards), null, 2)}\n`);
  }
  settings.set('quantization_config', settingsText(writer, config, modules, model.towers));
  await writeText(sink, 'config.json', printMembers(settings));
  for (const name of files.names.filter(isCompanion)) {
    const source = await files.open(name);
    const file = await sink.open(name);
    await file.write(await source.slice(0, source.byteLength));
    await file.close();
  }
}

/** How layers are to be written. */
interface Asked {
  writer: Writer;
  config: QuantConfig;
  made: MadeLayers | undefined;
}

function planJobs(checkpoint: Checkpoint, modules: readonly LinearModule[], asked: Asked): Job[] {
  const byWeight = new Map(modules.map((module) => [`${module.name}.weight`, module]));
  const divisors = asked.made?.divisors;
  return [...checkpoint.tensors].map(([name, { info }]): Job => {
    const module = byWeight.get(name);
    const own = module && layerConfig(asked.config, module.aliases);
    if (own && own.quant_type !== 'none') return quantizeJob(checkpoint, module, own, asked);
    const { dtype, shape } = info;
    const by = divisors?.get(name);
    if (by && isQuantizable(dtype)) {
      const divided = async () => (await readWeight(checkpoint, name)).data.map((value, i) => value / by[i]!);
      return { planned: [{ name, dtype, shape }], make: async () => [encodeFloats(dtype, await divided())] };
    }
    return { planned: [{ name, dtype, shape }], make: async () => [await readWeightBytes(checkpoint, name)] };
  });
}

function quantizeJob(
  checkpoint: Checkpoint,
  module: LinearModule,
  config: QuantConfig,
  { writer, made }: Asked,
): Job {
  const { name, rows, columns, conv1d } = module;
  const dtype = torchDtype(name, checkpoint.tensors.get(`${name}.weight`)!.info.dtype);
  if (conv1d && !writer.conv1d) {
    throw new LabError(
      'bad-spec',
      `${name} is a Conv1D, which ${config.quant_type} is not written for; allowed: nf4, fp4, llm_int8, and llama.cpp's types.`,
    );
  }
  requireGroups(name, columns, config);
  const layer = writer.layer(config)!;
  const make = async (): Promise<QuantizedTensor> => {
    const ready = made?.linears.get(name);
    if (ready) return ready;
    if (!isQuantizing(config)) throw new LabError('internal', `${name} was to be made by a text`);
    const stored = requireFinite(`${name}.weight`, await readWeight(checkpoint, `${name}.weight`));
    return quantize(conv1d ? transposed(stored) : stored, config);
  };
  return {
    planned: layer.plan(name, [rows, columns], dtype),
    make: async () => layer.bytes(await make(), dtype),
  };
}

function torchDtype(name: string, dtype: string): TorchDtype {
  if (isQuantizable(dtype)) return TORCH_DTYPES[dtype];
  throw new LabError('unsupported-dtype', `Tensor ${name}.weight is ${dtype}; supported: F32, F16, BF16.`);
}

const TORCH_DTYPES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Jobs in order, a new shard begun before one would grow past its size. */
function cutIntoShards(jobs: readonly Job[], most: number): Job[][] {
  const shards: Job[][] = [[]];
  let size = 0;
  for (const job of jobs) {
    const bytes = job.planned.reduce((sum, tensor) => sum + plannedBytes(tensor), 0);
    if (size > 0 && size + bytes > most) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)!.push(job);
    size += bytes;
  }
  return shards;
}

const shardName = (index: number, count: number): string => {
  const number = (n: number) => String(n).padStart(5, '0');
  return count === 1 ? 'model.safetensors' : `model-${number(index + 1)}-of-${number(count)}.safetensors`;
};

function indexOf(shards: readonly Job[][]): unknown {
  const placed = shards.flatMap((shard, i) =>
    shard.flatMap(({ planned }) => planned.map((tensor) => ({ tensor, i }))),
  );
  const total_size = placed.reduce((sum, { tensor }) => sum + plannedBytes(tensor), 0);
  const weight_map = Object.fromEntries(
    placed.map(({ tensor, i }) => [tensor.name, shardName(i, shards.length)]),
  );
  return { metadata: { total_size }, weight_map };
}

/** quantization_config as the tool of a configuration reads it. */
function settingsText(
  writer: Writer,
  config: QuantConfig,
  modules: readonly LinearModule[],
  towers: readonly string[] = [],
): string {
  const names = modules.map(({ name }) => name);
  const groups = groupByConfig(config, modules).sort((a, b) => b.layers.length - a.layers.length);
  const named = ({ layers }: (typeof groups)[number]) =>
    shortNames(names, (i) => layers.some(({ name }) => name === names[i]));
  const left = groups.find((group) => group.config.quant_type === 'none');
  const quantized = groups.filter((group) => group !== left);
  const [first, ...others] = quantized.map((group) => ({ config: group.config, modules: named(group) }));
  if (!first) throw new LabError('bad-spec', 'No layer is to be quantized; allowed: at least one.');
  // As they were asked for, where nothing but them is left out.
  const skipped = layerRules(config).length === 0 ? skippedModules(config) : left ? named(left) : [];
  const settings = writer.settings({ groups: [first, ...others], skipped: [...towers, ...skipped] });
  const text = JSON.stringify(settings, null, 2).replaceAll('\n', '\n  ');
  // Its reader takes only a Python float, which JSON writes with a point.
  return text.replace(/("llm_int8_threshold": \d+)(?=[,\n])/, '$1.0');
}

async function writeText(sink: FileSink, name: string, text: string): Promise<void> {
  const file = await sink.open(name);
  await file.write(new TextEncoder().encode(text));
  await file.close();
}
