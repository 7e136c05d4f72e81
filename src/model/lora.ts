import { LabError } from '../errors.ts';
import type { Arena } from '../gpu/device/buffers.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import {
  findTensor,
  openCheckpoint,
  readWeight,
  type Checkpoint,
  type CheckpointTensor,
} from '../tensor/checkpoint.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseLoraConfig, type LoraConfig } from './lora_config.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules, type LinearModule } from './modules.ts';
import { readJson } from './read_json.ts';
import { allTensors, modelTensors } from './tensors.ts';
import { MAX_LORA_RANK } from './workspace_sizes.ts';

/** A LoRA adapter as PEFT saves it: y += scaling · (x · Aᵀ) · Bᵀ on some Linear layers (Hu et al. 2021). */
export interface Adapter {
  checkpoint: Checkpoint;
  config: LoraConfig;
  /** The modules it changes: each has lora_A and lora_B. */
  modules: readonly string[];
  /** Tensors of the model that it brings whole, by their names there. */
  saved: ReadonlyMap<string, CheckpointTensor>;
}

/** PEFT puts this before the names of the model it wraps. */
const PREFIX = 'base_model.model.';

/**
 * Opens adapter_config.json and adapter_model.safetensors.
 * @throws missing-file, bad-config; unsupported-architecture for a kind of adapter that is not plain LoRA.
 */
export async function openAdapter(files: FileSet): Promise<Adapter> {
  const config = parseLoraConfig(await readJson(files, 'adapter_config.json'));
  const names = files.names.filter((name) => name === 'adapter_model.safetensors');
  const checkpoint = await openCheckpoint({ ...files, names });
  const modules: string[] = [];
  const saved = new Map<string, CheckpointTensor>();
  for (const [name, tensor] of checkpoint.tensors) {
    if (!name.startsWith(PREFIX)) throw unapplied(name);
    const path = name.slice(PREFIX.length);
    const [, module, part] = /^(.+)\.lora_([AB])\.weight$/.exec(path) ?? [];
    if (part === 'A') modules.push(module!);
    else if (part === undefined) saved.set(path, tensor);
  }
  if (modules.length === 0 && saved.size === 0) {
    throw new LabError('bad-config', 'The adapter has no tensors; it would change nothing.');
  }
  return { checkpoint, config, modules, saved };
}

const unapplied = (name: string): LabError =>
  new LabError(
    'bad-config',
    `The adapter has ${name}, which nothing here applies; supported: LoRA on the Linear layers of blocks, and saved norms, heads and untied embeddings.`,
  );

/**
 * Checks that an adapter's every tensor changes this model, and lays those that it brings whole over the checkpoint's.
 * @throws bad-config when the adapter changes what the model does not have: then it belongs to another model.
 */
export function adaptedCheckpoint(adapter: Adapter, config: ModelConfig, checkpoint: Checkpoint): Checkpoint {
  const { config: lora, modules, saved } = adapter;
  const linears = linearModules(config, checkpoint);
  const known = new Set(linears.flatMap(({ aliases }) => aliases));
  const stranger = modules.find((name) => !known.has(name));
  if (stranger !== undefined) {
    throw new LabError(
      'bad-config',
      `The adapter changes ${stranger}, which is no Linear layer of this model's blocks: it belongs to another model, or adapts what is not supported.`,
    );
  }
  const untargeted = modules.find((name) => !lora.targets(name));
  if (untargeted !== undefined) {
    throw new LabError(
      'bad-config',
      `The adapter has tensors for ${untargeted}, which target_modules or exclude_modules of its adapter_config.json leave out.`,
    );
  }
  for (const name of adapter.checkpoint.tensors.keys()) {
    const [, module] = /^base_model\.model\.(.+)\.lora_B\.weight$/.exec(name) ?? [];
    if (module !== undefined && !modules.includes(module)) throw unapplied(name);
  }
  for (const name of modules) {
    requireFits(
      adapter,
      name,
      linears.find(({ aliases }) => aliases.includes(name))!,
    );
  }
  const own = replaceable(config, checkpoint);
  const tensors = new Map(checkpoint.tensors);
  for (const [name, tensor] of saved) {
    if (!own.has(name)) throw unapplied(PREFIX + name);
    tensors.set(name, tensor);
  }
  const absent = lora.modules_to_save.find((module) => {
    const end = `.${module}.weight`;
    return ![...saved.keys()].some((name) => `.${name}`.endsWith(end));
  });
  if (absent === undefined) return { ...checkpoint, tensors };
  throw new LabError(
    'bad-config',
    `adapter_config.json: modules_to_save has ${absent}, but the adapter has no such weights.`,
  );
}

/** @throws missing-tensor or bad-config where A or B of a module is not there, or has another shape than its layer. */
function requireFits({ checkpoint, config }: Adapter, name: string, { rows, columns }: LinearModule): void {
  const [A, B] = (['A', 'B'] as const).map(
    (part) => findTensor(checkpoint, `${PREFIX}${name}.lora_${part}.weight`).info.shape,
  ) as [readonly number[], readonly number[]];
  const rank = A[0]!;
  const fits = A[1] === columns && B[0] === rows && B[1] === rank && rank <= MAX_LORA_RANK;
  if (!fits) {
    throw new LabError(
      'bad-config',
      `The adapter of ${name} is [${B.join(', ')}] · [${A.join(', ')}]; its layer makes it [${rows}, r] · [r, ${columns}] with r up to ${MAX_LORA_RANK}.`,
    );
  }
  if (rank === config.rankOf(name)) return;
  throw new LabError(
    'bad-config',
    `The adapter of ${name} has rank ${rank}; its adapter_config.json makes it ${config.rankOf(name)}.`,
  );
}

/** Tensors that an adapter may bring whole: none that quantization changes, nor a table that has two uses. */
function replaceable(config: ModelConfig, checkpoint: Checkpoint): Set<string> {
  const tensors = modelTensors(config, checkpoint);
  const shared = config.tie_word_embeddings ? tensors.embedding.name : undefined;
  const linears = linearModules(config, checkpoint).map(({ name }) => `${name}.`);
  const names = allTensors(tensors).map(({ name }) => name);
  return new Set(
    names.filter((name) => name !== shared && !linears.some((module) => name.startsWith(module))),
  );
}

/** The adapter's share of one Linear layer on the device, its scaling multiplied into B; undefined where it has none. */
export async function loadLora(
  arena: Arena,
  adapter: Adapter,
  { aliases, rows, columns }: LinearModule,
): Promise<{ A: DeviceMatrix; B: DeviceMatrix } | undefined> {
  const own = adapter.modules.find((name) => aliases.includes(name));
  if (own === undefined) return undefined;
  const { checkpoint, config } = adapter;
  const A = await readWeight(checkpoint, `${PREFIX}${own}.lora_A.weight`);
  const B = await readWeight(checkpoint, `${PREFIX}${own}.lora_B.weight`);
  const rank = A.shape[0]!;
  const scaling = config.scalingOf(own);
  const upload = async (
    data: Float32Array<ArrayBuffer>,
    rows: number,
    columns: number,
  ): Promise<DeviceMatrix> => {
    const weight = await arena.upload(data, `${own} adapter`);
    return { rows, columns, parts: [{ first_row: 0, rows, storage: 'float', dtype: 'F32', weight }] };
  };
  return {
    A: await upload(A.data, rank, columns),
    B: await upload(
      B.data.map((b) => b * scaling),
      rows,
      rank,
    ),
  };
}
