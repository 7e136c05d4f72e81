import type { Gpu } from '../gpu/device/device.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import { FLOAT32, type QuantConfig } from '../quant/config.ts';
import type { SavedLayout } from '../quant/saved/layout.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';
import { openLoader, type Linear, type Loader, type MadeLayer, type Progress } from './loader.ts';
import { adaptedCheckpoint, type Adapter } from './lora.ts';
import type { ModelConfig, Role } from './model_config.ts';
import type { LinearModule } from './modules.ts';
import type { NormWeights } from './norm.ts';
import { openShared, type SharedWeights } from './shared_weights.ts';
import { readyForSteps } from './join_layer.ts';
import { modelTensors, type LayerNorm, type LayerTensors, type NormTensors } from './tensors.ts';

/** A model's weights on the device. The Linear layers of the blocks are quantized; everything else is as stored. */
export interface Weights {
  embedding: DeviceMatrix;
  /** [positions, hidden], learned; undefined where the model has none. */
  positions: DeviceMatrix | undefined;
  layers: LayerWeights[];
  norm: NormWeights;
  /** The vocabulary's or the classes' matrix; the embedding itself when the model ties them. */
  head: DeviceMatrix;
  head_bias: GPUBuffer | undefined;
  /** Bytes of all their buffers, shared ones included. */
  bytes: number;
  /** Bytes of the blocks' Linear layers, scales and codes included: what quantizing them left. */
  linear_bytes: number;
  /** Frees them, but for those that other configurations share. */
  close(): void;
}

/** A block's norms, and what computes each role. */
export interface LayerWeights {
  norms: Partial<Record<LayerNorm, NormWeights>>;
  linears: Partial<Record<Role, LinearRows>>;
  /** For devices that normalize while they multiply: parameters of the norm in front of attention and MLP. */
  vectors?: Partial<Record<'attention_in' | 'mlp_in', NormVectors>>;
}

/** A buffer that holds a Linear layer's bias, where it has one, and from vec4 `norm_at` on the norm in front of it. */
export interface NormVectors {
  buffer: GPUBuffer;
  norm_at: number;
}

/** The rows of a Linear layer that compute one role: these of each of its groups. */
export interface LinearRows {
  linear: Linear;
  groups: number;
  rows: readonly [begin: number, end: number];
}

export interface WeightOptions {
  onProgress?: Progress;
  /** A LoRA adapter on top of the Linear layers, quantized or not. */
  adapter?: Adapter | undefined;
  /** How Linear layers are stored that the checkpoint has quantized. */
  layout?: SavedLayout | undefined;
  /** Weights that no configuration changes, for those after this one; without it nothing stays. */
  shared?: SharedWeights | undefined;
  /** Makes the quantized Linear layers of each block, where the configuration is calibrated. */
  calibrator?: Calibrator | undefined;
}

/** Quantizes a model block by block, by what goes through the blocks before. */
export interface Calibrator {
  /** Takes the tables that tokens are embedded by. */
  begin(tables: Pick<Weights, 'embedding' | 'positions'>): Promise<void>;
  /** The block's layers; undefined where they are to be quantized each by itself. */
  make(index: number, tensors: LayerTensors): Promise<MadeLayer | undefined>;
  /** Takes the block as it was loaded. */
  loaded(index: number, layer: LayerWeights): Promise<void>;
  close(): void;
}

/**
 * Streams a checkpoint to the device, piece by piece: read, check, quantize, upload, forget.
 * @throws missing-tensor or bad-config when checkpoint and config.json disagree; non-finite-weights; out-of-memory.
 */
export async function loadWeights(
  gpu: Gpu,
  checkpoint: Checkpoint,
  config: ModelConfig,
  quant: QuantConfig,
  { onProgress = () => {}, adapter, layout, calibrator, ...options }: WeightOptions = {},
): Promise<Weights> {
  const adapted = adapter ? adaptedCheckpoint(adapter, config, checkpoint) : checkpoint;
  const tensors = modelTensors(config, checkpoint);
  const shared = options.shared ?? openShared(gpu);
  const calibrated = calibrator !== undefined;
  const loading = { onProgress, adapter, layout, shared, calibrated };
  const loader = await openLoader(gpu, adapted, quant, tensors, loading);
  const { arena } = loader;
  const close = (): void => {
    arena.close();
    if (!options.shared) shared.close();
  };
  try {
    const embedding = await loader.table(tensors.embedding);
    const positions = tensors.positions && (await loader.table(tensors.positions));
    const layers: LayerWeights[] = [];
    await calibrator?.begin({ embedding, positions });
    for (const [index, layer] of tensors.layers.entries()) {
      const made = await calibrator?.make(index, layer);
      layers.push(await loadLayer(loader, layer, made));
      await calibrator?.loaded(index, layers[index]!);
      await readyForSteps(arena, layers[index]!);
    }
    calibrator?.close();
    const norm = await loadNorm(loader, tensors.norm);
    const head = tensors.head ? await loader.table(tensors.head) : embedding;
    const head_bias = tensors.head_bias && (await loader.vector([tensors.head_bias]));
    const bytes = arena.bytes + shared.bytes;
    const linear_bytes = loader.linearBytes();
    return { embedding, positions, layers, norm, head, head_bias, bytes, linear_bytes, close };
  } catch (error) {
    calibrator?.close();
    await loader.end();
    close();
    throw error;
  }
}

/** Loads one block as the checkpoint has it, by itself; `close` frees it. */
export async function loadFloatLayer(
  gpu: Gpu,
  checkpoint: Checkpoint,
  adapter: Adapter | undefined,
  tensors: LayerTensors,
): Promise<{ layer: LayerWeights; close: () => void }> {
  const { loaded, close } = await loadAlone(gpu, { checkpoint, adapter }, FLOAT32, tensors, (loader) =>
    loadLayer(loader, tensors),
  );
  return { layer: loaded, close };
}

/** Loads one Linear layer under a configuration, by itself and without an adapter; `close` frees it. */
export async function loadLinear(
  gpu: Gpu,
  checkpoint: Checkpoint,
  config: QuantConfig,
  module: LinearModule,
): Promise<{ linear: Linear; close: () => void }> {
  const tensors = { norms: {}, linears: [module] };
  const { loaded, close } = await loadAlone(
    gpu,
    { checkpoint, adapter: undefined },
    config,
    tensors,
    (loader) => loader.linear(module),
  );
  return { linear: loaded, close };
}

async function loadAlone<T>(
  gpu: Gpu,
  { checkpoint, adapter }: { checkpoint: Checkpoint; adapter: Adapter | undefined },
  config: QuantConfig,
  tensors: LayerTensors,
  load: (loader: Loader) => Promise<T>,
): Promise<{ loaded: T; close: () => void }> {
  const shared = openShared(gpu);
  const loading = { onProgress: () => {}, adapter, layout: undefined, shared, calibrated: false };
  const loader = await openLoader(gpu, checkpoint, config, { layers: [tensors] }, loading);
  const close = (): void => {
    loader.arena.close();
    shared.close();
  };
  try {
    return { loaded: await load(loader), close };
  } catch (error) {
    await loader.end();
    close();
    throw error;
  }
}

/** Loads one block, its Linear layers quantized already where they were `made`. */
export async function loadLayer(
  loader: Loader,
  { norms, linears }: LayerTensors,
  made?: MadeLayer,
): Promise<LayerWeights> {
  const layer: LayerWeights = { norms: {}, linears: {} };
  for (const [place, norm] of Object.entries(norms) as [LayerNorm, NormTensors][]) {
    layer.norms[place] = await loadNorm(loader, norm, made);
  }
  for (const module of linears) {
    const linear = await loader.linear(module, made);
    for (const { role, rows } of module.parts) {
      layer.linears[role] = { linear, groups: module.groups, rows };
    }
  }
  return layer;
}

async function loadNorm(
  loader: Loader,
  { kind, width, heads, plus, weights, bias }: NormTensors,
  made?: MadeLayer,
): Promise<NormWeights> {
  const all = (value: number) => loader.constant(value, heads * width);
  return {
    width,
    heads,
    weight: weights.length > 0 ? await loader.vector(weights, plus, made) : await all(1),
    bias: bias ? await loader.vector([bias], 0, made) : kind === 'layer' ? await all(0) : undefined,
  };
}
