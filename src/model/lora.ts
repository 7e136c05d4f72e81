import { LabError } from '../errors.ts';
import type { Arena } from '../gpu/device/buffers.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import { openCheckpoint, readWeight, type Checkpoint } from '../tensor/checkpoint.ts';
import type { FileSet } from '../tensor/source.ts';
import type { LinearModule } from './modules.ts';
import { readJson } from './read_json.ts';
import { MAX_LORA_RANK } from './workspace.ts';

/** A LoRA adapter as PEFT saves it: y += scaling · (x · Aᵀ) · Bᵀ on some Linear layers (Hu et al. 2021). */
export interface Adapter {
  checkpoint: Checkpoint;
  scalingOf(module: string, rank: number): number;
}

/** PEFT puts this before the names of the model it wraps. */
const PREFIX = 'base_model.model.';

/** Settings of PEFT that change the arithmetic, and the only value of each that is computed here. */
const PLAIN: Record<string, unknown> = {
  use_dora: false,
  use_qalora: false,
  lora_bias: false,
  bias: 'none',
  layer_replication: null,
  modules_to_save: null,
};

/**
 * Opens adapter_config.json and adapter_model.safetensors.
 * @throws missing-file, bad-config; unsupported-architecture for a kind of adapter that is not plain LoRA.
 */
export async function openAdapter(files: FileSet): Promise<Adapter> {
  const config = (await readJson(files, 'adapter_config.json')) as Record<string, unknown>;
  if (config.peft_type !== 'LORA') {
    throw new LabError(
      'unsupported-architecture',
      `The adapter's peft_type is ${String(config.peft_type)}; supported: LORA.`,
    );
  }
  for (const [field, plain] of Object.entries(PLAIN)) {
    const value = config[field] ?? plain;
    if (value === plain) continue;
    throw new LabError(
      'unsupported-architecture',
      `adapter_config.json: ${field} is ${JSON.stringify(value)}; supported: ${JSON.stringify(plain)}.`,
    );
  }
  const weights = files.names.filter((name) => name === 'adapter_model.safetensors');
  const checkpoint = await openCheckpoint({ ...files, names: weights });
  const alpha = numberOf(config, 'lora_alpha');
  const alphas = patternOf(config, 'alpha_pattern');
  return {
    checkpoint,
    scalingOf(module, rank) {
      const own =
        alphas.find(([pattern]) => module === pattern || module.endsWith(`.${pattern}`))?.[1] ?? alpha;
      return own / (config.use_rslora === true ? Math.sqrt(rank) : rank);
    },
  };
}

/** The names of the modules an adapter changes: each has lora_A and lora_B. */
export function adaptedModules({ checkpoint }: Adapter): string[] {
  return [...checkpoint.tensors.keys()]
    .filter((name) => name.startsWith(PREFIX) && name.endsWith('.lora_A.weight'))
    .map((name) => name.slice(PREFIX.length, -'.lora_A.weight'.length));
}

/** @throws bad-config when the adapter changes a module the model does not have: then it belongs to another model. */
export function requireFits(adapter: Adapter, modules: readonly LinearModule[]): void {
  const known = new Set(modules.flatMap(({ aliases }) => aliases));
  const stranger = adaptedModules(adapter).find((name) => !known.has(name));
  if (stranger === undefined) return;
  throw new LabError(
    'bad-config',
    `The adapter changes ${stranger}, which is no Linear layer of this model's blocks: it belongs to another model, or adapts what is not supported.`,
  );
}

/** The adapter's share of one Linear layer on the device, its scaling multiplied into B; undefined where it has none. */
export async function loadLora(
  arena: Arena,
  adapter: Adapter,
  { aliases, rows, columns }: LinearModule,
): Promise<{ A: DeviceMatrix; B: DeviceMatrix } | undefined> {
  const own = adaptedModules(adapter).find((name) => aliases.includes(name));
  if (own === undefined) return undefined;
  const { checkpoint } = adapter;
  const A = await readWeight(checkpoint, `${PREFIX}${own}.lora_A.weight`);
  const B = await readWeight(checkpoint, `${PREFIX}${own}.lora_B.weight`);
  const rank = A.shape[0]!;
  const fits = A.shape[1] === columns && B.shape[0] === rows && B.shape[1] === rank && rank <= MAX_LORA_RANK;
  if (!fits) {
    throw new LabError(
      'bad-config',
      `The adapter of ${own} is [${B.shape.join(', ')}] · [${A.shape.join(', ')}]; its layer makes it [${rows}, r] · [r, ${columns}] with r up to ${MAX_LORA_RANK}.`,
    );
  }
  const scaling = adapter.scalingOf(own, rank);
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

function numberOf(config: Record<string, unknown>, field: string): number {
  const value = config[field];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new LabError(
    'bad-config',
    `adapter_config.json: ${field} is ${JSON.stringify(value)}; allowed: a number.`,
  );
}

function patternOf(config: Record<string, unknown>, field: string): [string, number][] {
  return Object.entries((config[field] ?? {}) as Record<string, unknown>).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
}
