import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LabError, toFailure, type ErrorCode } from '../errors.ts';
import { readConfig } from '../model/config.ts';
import { inspectFile, inspectModel, type FileReading } from '../model/inspect_model.ts';
import type { KeyFate } from '../model/key_fates.ts';
import type { ModelConfig } from '../model/model_config.ts';
import { readJson } from '../model/read_json.ts';
import { footprintRows, type FootprintRow } from '../study/footprint_table.ts';
import { openCheckpoint } from '../tensor/checkpoint.ts';
import { readHeader, type TensorInfo } from '../tensor/safetensors.ts';
import type { FileSet } from '../tensor/source.ts';
import { adaptersOf, parseArguments } from './arguments.ts';
import { wholeOption } from './numbers.ts';
import { diskModel, diskSource, isGgufPath } from './disk.ts';
import { inspectionText } from './inspect_text.ts';

/** An entry of `inspect --json`, one a path. */
export interface Verdict {
  /** The path as it was given. */
  file: string;
  /** False where a run would refuse it. */
  ok: boolean;
  /** The first of `refusals`. */
  error: Refusal | null;
  refusals: Refusal[];
  warnings: readonly string[];
  metadata: Record<string, string>;
  tensors: TensorInfo[];
  /** Of a folder or a JSON file: what became of the keys of each file. */
  files: { file: string; keys: KeyFate[]; error: Refusal | null }[];
  /** Of a model's folder: whether a BOS stands in front of its texts. */
  bos_in_front?: boolean;
  /** What transformers 4.57 does otherwise with it than 5.24, whose rules hold here. */
  version_4_notes: readonly string[];
  /** Of a config.json, or of the one in a folder. */
  footprints?: FootprintRow[];
}

export interface Refusal {
  code: ErrorCode;
  message: string;
}

/** A verdict, and the model it is about where config.json makes one. */
export interface Inspected {
  verdict: Verdict;
  config: ModelConfig | undefined;
}

/** `inspect FILES...`: one verdict each; exit status 2 if a run would refuse any. */
export async function inspect(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['json', 'context', 'adapter', 'lora']);
  const context = wholeOption('context', values.context ?? '2048', 1, 2 ** 24);
  if (positionals.length === 0)
    throw new LabError('bad-arguments', 'inspect was given no file; allowed: one or more.');
  const all: Inspected[] = [];
  for (const path of positionals) all.push(await inspectPath(path, adaptersOf(values).lora));
  if (values.json) console.log(JSON.stringify(all.map(({ verdict }) => verdict)));
  else for (const each of all) console.log(inspectionText(each, context).join('\n'));
  return all.every(({ verdict }) => verdict.ok) ? 0 : 2;
}

async function inspectPath(path: string, adapter: string | undefined): Promise<Inspected> {
  try {
    if (isGgufPath(path) || (await isFolder(path))) return await inspectFolder(path, adapter);
    return path.endsWith('.json') ? await inspectJson(path) : await inspectTensors(path);
  } catch (error) {
    return { verdict: verdictOf(path, { refusals: [error] }), config: undefined };
  }
}

async function inspectFolder(path: string, adapter: string | undefined): Promise<Inspected> {
  const files = await modelOrAdapter(path);
  const { names } = files;
  const header = await headerOf(files).catch((error: unknown) => ({ error }));
  const tensors = 'error' in header ? {} : header;
  if (!names.includes('config.json')) {
    const readings = names.includes('adapter_config.json')
      ? await inspectFile(files, 'adapter_config.json')
      : [];
    const refusals = [
      'error' in header ? header.error : undefined,
      ...readings.map(({ failure }) => failure),
    ];
    return { verdict: verdictOf(path, { ...tensors, readings, refusals }), config: undefined };
  }
  if (!('error' in header) && (await namesNoModel(files))) {
    const warnings = [
      ...(header.warnings ?? []),
      'config.json names no model: only the checkpoint is looked at',
    ];
    return { verdict: verdictOf(path, { ...header, warnings }), config: undefined };
  }
  const adapterFiles = adapter === undefined ? undefined : await diskModel(adapter, 'adapter');
  const { files: readings, config, ...found } = await inspectModel(files, adapterFiles);
  const known = config ?? (await readConfigOf(files));
  return { verdict: verdictOf(path, { ...tensors, readings, ...found }, known), config: known };
}

/** The folder of a model, or of an adapter where there is no model in it. */
async function modelOrAdapter(path: string): Promise<FileSet> {
  const files = await diskModel(path);
  return files.names.includes('config.json') ? files : diskModel(path, 'adapter');
}

/** True of a config.json that says of no model what it is: a checkpoint beside it is one for all that. */
async function namesNoModel(files: FileSet): Promise<boolean> {
  const json = await readJson(files, 'config.json').catch(() => undefined);
  return json !== undefined && Object.keys(json).length === 0;
}

/** The model that config.json makes, though other files are refused. */
const readConfigOf = async (files: FileSet): Promise<ModelConfig | undefined> =>
  readConfig(await readJson(files, 'config.json').catch(() => undefined)).config;

async function headerOf(files: FileSet): Promise<Parts> {
  const { tensors, metadata, warnings } = await openCheckpoint(files);
  return { metadata, warnings, tensors: [...tensors.values()].map(({ info }) => info) };
}

async function inspectJson(path: string): Promise<Inspected> {
  const name = basename(path);
  const files = { names: [name], open: () => diskSource(path, name) };
  const readings = await inspectFile(files, name);
  const [{ file }] = readings as [FileReading];
  const config = file === name ? await readConfigOf({ ...files, names: ['config.json'] }) : undefined;
  return {
    verdict: verdictOf(path, { readings, refusals: readings.map(({ failure }) => failure) }, config),
    config,
  };
}

async function inspectTensors(path: string): Promise<Inspected> {
  const { metadata, tensors, warnings } = await readHeader(await diskSource(path, basename(path)));
  return { verdict: verdictOf(path, { metadata, warnings, tensors: [...tensors] }), config: undefined };
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** What a verdict is put together from. */
interface Parts {
  metadata?: ReadonlyMap<string, string>;
  tensors?: TensorInfo[];
  warnings?: readonly string[];
  readings?: readonly FileReading[];
  /** Undefined ones count for none. */
  refusals?: readonly unknown[];
  bos_in_front?: boolean | undefined;
  version_4_notes?: readonly string[];
}

function verdictOf(
  file: string,
  { metadata, tensors = [], warnings = [], readings = [], refusals = [], ...rest }: Parts,
  config?: ModelConfig,
): Verdict {
  const refused = refusals.filter((error) => error !== undefined).map(refusalOf);
  return {
    file,
    ok: refused.length === 0,
    error: refused[0] ?? null,
    refusals: refused,
    warnings,
    metadata: Object.fromEntries(metadata ?? []),
    tensors,
    files: readings.map(({ file: name, keys, failure }) => ({
      file: name,
      keys,
      error: failure ? refusalOf(failure) : null,
    })),
    ...(rest.bos_in_front === undefined ? {} : { bos_in_front: rest.bos_in_front }),
    version_4_notes: rest.version_4_notes ?? [],
    ...(config ? { footprints: footprintRows(config) } : {}),
  };
}

function refusalOf(error: unknown): Refusal {
  const { code, message } = toFailure(error);
  return { code, message };
}
