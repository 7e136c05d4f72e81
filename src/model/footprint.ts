import { PIECE_BYTES } from '../gpu/device/limits.ts';
import { formatOf, weightBytes, type ComputeDtype, type QuantConfig } from '../quant/config.ts';
import { groupByConfig } from '../quant/layers.ts';
import { elements } from '../tensor/tensor.ts';
import type { ModelConfig, Role } from './model_config.ts';
import { linearModules, type LinearModule } from './modules.ts';
import { allTensors, modelTensors } from './tensors.ts';
import { sum } from '../tensor/sum.ts';

/** Memory that a model's weights take under a configuration: as transformers counts it, and as it is. */
export interface Footprint {
  /** All parameters, tied ones once. */
  parameters: number;
  /** Parameters of the blocks' Linear layers, which are those that get quantized but for skipped ones. */
  quantized_parameters: number;
  /**
   * The number that transformers' get_memory_footprint prints for the same model under bitsandbytes: parameters and
   * buffers, but neither absmax nor SCB, which are attributes of the layers (modeling_utils.py; bitsandbytes modules.py).
   */
  bitsandbytes_bytes: number;
  /** Bytes of weights, every scale and code included. */
  actual_bytes: number;
  /** Bits of a parameter of those layers, skipped ones included, with its share of the scales; the x axis of the Pareto plot. */
  bits_per_weight: number;
}

/** Bytes of a parameter that is not quantized. */
export const DTYPE_BYTES: Record<ComputeDtype, number> = { float32: 4, float16: 2, bfloat16: 2 };

/** Counts parameters by config.json alone, tied ones once: those of the blocks' Linear layers, and all others. */
export function countParameters(config: ModelConfig): { linear: number; other: number } {
  const linear = weightsOf(linearModules(config));
  const all = sum(tensorSizes(config));
  return { linear, other: all - linear };
}

/** The parameters of each tensor. */
const tensorSizes = (config: ModelConfig): number[] =>
  allTensors(modelTensors(config)).map(({ shape }) => elements(shape));

/**
 * Computes a configuration's footprint by config.json alone.
 * @param rest the dtype of all parameters outside the quantized layers, skipped layers among them; ignored for an unquantized model, all of whose
 * parameters are in its compute dtype
 */
export function footprintOf(config: ModelConfig, quant: QuantConfig, rest: ComputeDtype): Footprint {
  const { linear, other } = countParameters(config);
  const restBytes = DTYPE_BYTES[quant.quant_type === 'none' ? quant.compute_dtype : rest];
  const sizes = groupByConfig(quant, linearModules(config)).map(({ config: own, layers }) => {
    const n = weightsOf(layers);
    if (own.quant_type === 'none') return { counted: n * restBytes, stored: n * restBytes };
    const weights = sum(layers.map(({ rows, columns }) => weightBytes(own, [rows, columns])));
    const format = formatOf(own);
    return { counted: (n * format.codeBits(own)) / 8, stored: weights + format.sharedBytes(own) };
  });
  const stored = sum(sizes.map((size) => size.stored));
  return {
    parameters: linear + other,
    quantized_parameters: linear,
    bitsandbytes_bytes:
      sum(sizes.map(({ counted }) => counted)) + other * restBytes + bufferBytes(config, restBytes),
    actual_bytes: stored + other * restBytes,
    bits_per_weight: (8 * stored) / linear,
  };
}

const weightsOf = (modules: readonly LinearModule[]): number =>
  sum(modules.map(({ rows, columns }) => rows * columns));

/**
 * Bytes of the buffers that transformers registers beside parameters: each rope's inv_freq and a copy of it, in
 * float32, and a factor of embeddings that is rounded to the model's dtype.
 */
const bufferBytes = ({ blocks, embedding_scale, buffer_bytes }: ModelConfig, restBytes: number): number =>
  buffer_bytes ??
  [...new Set(blocks.map(({ rope }) => rope))].reduce((sum, rope) => sum + 4 * (rope?.rotary_dim ?? 0), 0) +
    (embedding_scale?.in_dtype ? restBytes : 0);

/**
 * Bytes of the causal masks that older versions of transformers kept in each layer of GPT-2 as buffers: a bool for
 * every pair of positions and a float32. They are part of published footprints (12 MiB for GPT-2), and no parameter.
 */
export const maskBufferBytes = (config: ModelConfig): number =>
  config.mask_buffers ? config.num_hidden_layers * (config.max_position_embeddings ** 2 + 4) : 0;

/** Bytes of the keys and values of a context of so many tokens, in float32. */
export const cacheBytes = (config: ModelConfig, tokens: number): number =>
  2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * tokens * 4;

/**
 * Bytes of the checkpoint in memory at once while a model is loaded: two pieces, one of which is read while the other is
 * on its way to the device.
 * @param stored_bytes bytes of a parameter in the checkpoint
 */
export function passingBytes(config: ModelConfig, stored_bytes: number): number {
  return 2 * Math.min(Math.max(...tensorSizes(config)) * stored_bytes, PIECE_BYTES);
}

/**
 * Names the Linear layers of a block as loraFootprint takes them, all or those that compute some roles: by the ends
 * of their paths (q_proj …), or by their paths where two end alike (attn.c_proj and mlp.c_proj).
 */
export function blockLayers({ blocks }: ModelConfig, roles?: readonly Role[]): string[] {
  const linears = new Map(blocks.flatMap((block) => block.linears).map((linear) => [linear.path, linear]));
  const end = (path: string) => path.split('.').at(-1)!;
  const alike = new Set([...linears.keys()].map(end)).size < linears.size;
  return [...linears.values()]
    .filter((linear) => !roles || linear.roles.some((role) => roles.includes(role)))
    .map(({ path }) => (alike ? path : end(path)));
}

/** Memory that LoRA adapters on a quantized base take, and training them (Dettmers et al. 2023, QLoRA). */
export interface LoraFootprint {
  parameters: number;
  /** The adapters themselves, counted with the base by get_memory_footprint. */
  adapter_bytes: number;
  /** AdamW's two moments in float32, and the gradients in the adapters' dtype. */
  training_bytes: number;
}

/** Computes the footprint of adapters of rank `r` on the modules with these ends of names: `loraFootprint(config, 16, ['q_proj', 'v_proj'], 'float32')`. */
export function loraFootprint(
  config: ModelConfig,
  r: number,
  targets: readonly string[],
  dtype: ComputeDtype,
): LoraFootprint {
  const adapted = linearModules(config).filter(({ name }) =>
    targets.some((target) => name.endsWith(`.${target}`)),
  );
  const parameters = adapted.reduce((sum, { rows, columns }) => sum + r * (rows + columns), 0);
  const adapter_bytes = parameters * DTYPE_BYTES[dtype];
  return { parameters, adapter_bytes, training_bytes: adapter_bytes + parameters * 8 };
}
