import { LabError } from '../errors.ts';
import type { FileSet } from '../tensor/source.ts';
import { checkpointFaults } from './checkpoint_faults.ts';
import { readConfig } from './config.ts';
import type { Json } from './config_fields.ts';
import { generationFates, parseGenerationConfig } from './generation_config.ts';
import type { KeyFate } from './key_fates.ts';
import { loraFates, parseLoraConfig } from './lora_config.ts';
import { adaptedCheckpoint } from './lora.ts';
import type { ModelConfig } from './model_config.ts';
import { MODEL_JSON } from './model_files.ts';
import { openModel, openWeights, type ModelFiles, type ModelWeights } from './open_model.ts';
import { quantizationConfig, quantizationFates } from './quantization_config.ts';
import { readJson } from './read_json.ts';
import { addedFates, mapFates, settingsFates } from './tokenizer/settings.ts';
import { tokenizerFates } from './tokenizer/tokenizer.ts';
import { classOf } from './tokenizer/which_class.ts';
import { version4Notes } from './version_4.ts';

/** One of a model's JSON files, or a part of one that is read by itself: what became of its keys. */
export interface FileReading {
  file: string;
  keys: KeyFate[];
  /** Why the file by itself is refused. */
  failure: Error | undefined;
}

/** A model folder as a run would read it, up to the weights' own numbers. */
export interface ModelInspection {
  files: FileReading[];
  config: ModelConfig | undefined;
  /** Whether a BOS stands in front of a text; undefined where the tokenizer was not reached. */
  bos_in_front: boolean | undefined;
  warnings: readonly string[];
  version_4_notes: readonly string[];
  /** What a run refuses, the first of it in front: all of a checkpoint's tensors that are missing or do not fit. */
  refusals: Error[];
}

type FileName = (typeof MODEL_JSON)[number] | 'adapter_config.json';

const isNamed = (name: string): name is FileName =>
  name === 'adapter_config.json' || (MODEL_JSON as readonly string[]).includes(name);

/** Reads a model's files as a run would, and says of each key what became of it; an adapter's files likewise. */
export async function inspectModel(files: FileSet, adapter?: FileSet): Promise<ModelInspection> {
  const readings: FileReading[] = [];
  const others = await readableOf(files);
  for (const name of MODEL_JSON) {
    if (files.names.includes(name)) readings.push(...(await inspectFile(files, name, others)));
  }
  if (adapter) readings.push(...(await inspectFile(adapter, 'adapter_config.json')));
  const { opened, refusals } = await openAll(files, adapter);
  const { config, bos_in_front, warnings = [], version_4_notes = [] } = opened;
  // What refuses a config.json may be what version 4 would not have read.
  const notes = config || !others.config ? version_4_notes : version4Notes(others.config, { untied: false });
  return { files: readings, config, bos_in_front, warnings, version_4_notes: notes, refusals };
}

type Opened = Partial<Pick<ModelWeights, 'config' | 'warnings' | 'version_4_notes'>> & {
  bos_in_front?: boolean;
};

/** Opens as much of a model as there is, and gathers what refuses it. */
async function openAll(
  files: FileSet,
  adapterFiles: FileSet | undefined,
): Promise<{ opened: Opened; refusals: Error[] }> {
  const refusals: Error[] = [];
  const weights = await attempt(refusals, () => openWeights(files));
  const model = weights && (await attempt(refusals, () => openModel(files, adapterFiles)));
  if (weights) refusals.push(...(await checkpointFaults(weights)));
  if (model?.adapter) await attempt(refusals, () => requireApplied(model));
  const { config, warnings, version_4_notes } = model ?? weights ?? {};
  return {
    opened: {
      ...(config && { config }),
      ...(warnings && { warnings }),
      ...(version_4_notes && { version_4_notes }),
      ...(model && { bos_in_front: model.tokenizer.bos_in_front }),
    },
    refusals,
  };
}

function requireApplied({ adapter, config, checkpoint }: ModelFiles): void {
  adaptedCheckpoint(adapter!, config, checkpoint);
}

async function attempt<T>(refusals: Error[], open: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    refusals.push(error);
    return undefined;
  }
}

/** The files that others are read beside; those that cannot be read are refused in their own name. */
interface Beside {
  config: Json | undefined;
  tokenizer_config: Json | undefined;
}

async function readableOf(files: FileSet): Promise<Beside> {
  const read = (name: string) => readJson(files, name).catch(() => undefined);
  return { config: await read('config.json'), tokenizer_config: await read('tokenizer_config.json') };
}

/**
 * Reads one of a model's JSON files by itself and says what became of its keys; a quantization_config within is an
 * entry of its own.
 */
export async function inspectFile(
  files: FileSet,
  name: string,
  { config, tokenizer_config }: Beside = { config: undefined, tokenizer_config: undefined },
): Promise<FileReading[]> {
  let json: Json;
  try {
    json = await readJson(files, name);
  } catch (error) {
    return [{ file: name, keys: [], failure: error as Error }];
  }
  const one = (keys: KeyFate[], check?: () => unknown): FileReading[] => [
    { file: name, keys, failure: check && failureOf(check) },
  ];
  // Files of other names are taken for a config.json, as published under a model's name.
  switch (isNamed(name) ? name : 'config.json') {
    case 'config.json':
      return configReadings(name, json);
    case 'generation_config.json':
      return one(generationFates(json), () => parseGenerationConfig(json, []));
    case 'tokenizer_config.json':
      return one(settingsFates(json));
    case 'tokenizer.json':
      return one(tokenizerFates(json, classOf(json, tokenizer_config, config)));
    case 'special_tokens_map.json':
      return one(mapFates(json, tokenizer_config));
    case 'added_tokens.json':
      return one(addedFates(json, tokenizer_config));
    case 'adapter_config.json':
      return one(loraFates(json), () => parseLoraConfig(json));
  }
}

function configReadings(file: string, json: Json): FileReading[] {
  const { keys, failure } = readConfig(json);
  const quantization = quantizationFates(json);
  return [
    { file, keys, failure },
    ...(quantization
      ? [
          {
            file: 'quantization_config',
            keys: quantization,
            failure: failureOf(() => quantizationConfig(json)),
          },
        ]
      : []),
  ];
}

function failureOf(check: () => unknown): Error | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
