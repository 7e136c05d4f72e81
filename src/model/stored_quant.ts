import { LabError } from '../errors.ts';
import type { LayerFormat, QuantConfig } from '../quant/config.ts';
import type { LayerRule } from '../quant/layers.ts';
import type { SavedLayout, SavedReader, Storage } from '../quant/saved/layout.ts';
import { readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules } from './modules.ts';
import { requireNoTraces } from './quantization_config.ts';
import { modelTensors, type ModelTensors } from './tensors.ts';

/** The quantization that a checkpoint came with. */
export interface StoredQuant {
  /** How its tool stores layers. */
  layout: SavedLayout;
  /** How its layers are stored, as a configuration: that of the first one, or of most where they differ. */
  storage: Storage;
  /** The layers that are stored otherwise, by their full paths: each kind once. */
  others: readonly StoredLayers[];
  /** Linear layers that were left unquantized, by their full paths: they stay as they are stored. */
  float_modules: readonly string[];
}

/** Layers that are stored alike. */
export interface StoredLayers {
  storage: Storage;
  modules: readonly string[];
}

/** Reads tensors of a checkpoint by name for the reader of bitsandbytes' layout, which asks for some that may be absent. */
export const savedReader = (checkpoint: Checkpoint): SavedReader => ({
  dtypeOf: (name) => checkpoint.tensors.get(name)?.info.dtype,
  shapeOf: (name) => checkpoint.tensors.get(name)?.info.shape,
  read: async (name) => (checkpoint.tensors.has(name) ? readWeightBytes(checkpoint, name) : undefined),
});

/** The tensors of a checkpoint that hold module `name` as a tool stores it. */
export const savedParts = ({ tensors }: Checkpoint, { parts }: SavedLayout, name: string): string[] =>
  [...tensors.keys()].filter(
    (tensor) => tensor.startsWith(`${name}.`) && parts.test(tensor.slice(name.length + 1)),
  );

/**
 * Reads how a checkpoint's Linear layers were quantized: as config.json says, and the tensors must agree.
 * @returns undefined when none is; a bitsandbytes config over float weights is a warning of openModel's
 * @throws unsupported-quantization for another quantizer, or a quantized embedding or head; bad-quant-state when
 * config.json and tensors contradict each other.
 */
export async function storedQuantOf(
  checkpoint: Checkpoint,
  config: ModelConfig,
  layout: SavedLayout | undefined,
): Promise<StoredQuant | undefined> {
  const modules = linearModules(config, checkpoint).map(({ name }) => name);
  if (!layout) {
    requireNoTraces(checkpoint, modules);
    return undefined;
  }
  const reader = savedReader(checkpoint);
  requireFloatTables(reader, layout, modelTensors(config, checkpoint));
  const first = modules.find((name) => layout.isQuantized(reader, name));
  if (first === undefined) return undefined;
  const [most, ...others] = layout.mixes
    ? await byFrequency(layout, reader, modules)
    : [{ storage: await layout.storageOf(reader, first) }];
  return {
    layout,
    storage: most.storage,
    others: others as StoredLayers[],
    float_modules: modules.filter((name) => !layout.isQuantized(reader, name)),
  };
}

/** The kinds of storage among modules, that of most first. */
async function byFrequency(
  layout: SavedLayout,
  reader: SavedReader,
  modules: readonly string[],
): Promise<StoredLayers[]> {
  const kinds = new Map<string, { storage: Storage; modules: string[] }>();
  for (const name of modules.filter((module) => layout.isQuantized(reader, module))) {
    const storage = await layout.storageOf(reader, name);
    const key = JSON.stringify(storage);
    const kind = kinds.get(key) ?? { storage, modules: [] };
    kind.modules.push(name);
    kinds.set(key, kind);
  }
  return [...kinds.values()].sort((a, b) => b.modules.length - a.modules.length);
}

function requireFloatTables(
  reader: SavedReader,
  layout: SavedLayout,
  { embedding, positions, head }: ModelTensors,
): void {
  for (const table of [embedding, positions, head]) {
    const name = table?.name.replace(/\.weight$/, '');
    if (name === undefined || !layout.isQuantized(reader, name)) continue;
    throw new LabError(
      'unsupported-quantization',
      `${name} is quantized by ${layout.tool}; Nibble opens checkpoints of which only the blocks' Linear layers are.`,
    );
  }
}

/**
 * The configuration a run computes with. A quantized checkpoint runs as it is: its codes are what was published, and
 * quantizing them again would measure another model.
 * @throws bad-spec when a configuration asks a quantized checkpoint for anything else.
 */
export function effectiveConfig(config: QuantConfig, stored: StoredQuant | undefined): QuantConfig {
  if (!stored) return config;
  if (config.quant_type !== 'none') {
    throw new LabError(
      'bad-spec',
      `quant_type is ${config.quant_type}, but the checkpoint is already quantized to ${stored.storage.quant_type}; allowed: none, which runs it as it is.`,
    );
  }
  const { compute_dtype } = config;
  const { storage, others, float_modules } = stored;
  const by_layer = others.map(({ storage: as, modules }): LayerRule => ({
    modules: [...modules],
    as: as as LayerFormat,
  }));
  return {
    ...storage,
    compute_dtype,
    ...(float_modules.length > 0 && { skip_modules: [...float_modules] }),
    ...(by_layer.length > 0 && { by_layer }),
  };
}
