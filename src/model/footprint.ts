import { formatOf, weightBytes, type ComputeDtype, type QuantConfig } from '../quant/config.ts';
import type { Gpt2Config, LlamaConfig, ModelConfig } from './config.ts';
import { gpt2Modules, llamaModules, type LinearModule } from './modules.ts';

/** What a configuration of a model takes, counted as others count it and as it is. */
export interface Footprint {
  /** All parameters, tied ones once. */
  parameters: number;
  /** Those of the Linear layers of the blocks: what gets quantized. */
  quantized_parameters: number;
  /**
   * What transformers' get_memory_footprint prints for the same model under bitsandbytes: parameters and buffers,
   * but neither absmax nor SCB, which hang on the layers as attributes (modeling_utils.py; bitsandbytes modules.py).
   */
  bitsandbytes_bytes: number;
  /** Bytes of weights, every scale and code included. */
  actual_bytes: number;
  /** Stored bits over the quantized parameters, scales included; what the Pareto plot shows. */
  bits_per_weight: number;
}

/** Bytes of a parameter. */
export const DTYPE_BYTES: Record<ComputeDtype, number> = { float32: 4, float16: 2, bfloat16: 2 };

/** Parameters by config.json alone, tied ones once: those of the blocks' Linear layers, and all others. */
export function countParameters(config: ModelConfig): { linear: number; other: number } {
  const linear = blockModules(config).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  return { linear, other: config.family === 'llama' ? otherOfLlama(config) : otherOfGpt2(config) };
}

/** The Linear layers of all blocks, by config.json alone. */
const blockModules = (config: ModelConfig): LinearModule[] =>
  Array.from({ length: config.num_hidden_layers }, (_, i) =>
    config.family === 'llama'
      ? llamaModules(config, `model.layers.${i}`)
      : gpt2Modules(config, `transformer.h.${i}`),
  ).flat();

/** Embeddings, head, norms and biases. Llama-3.2-1B: 262,735,872 of 1,235,814,400. */
function otherOfLlama(config: LlamaConfig): number {
  const { hidden_size: hidden, num_hidden_layers: layers, head_dim } = config;
  const biases = blockModules(config).reduce((sum, { rows, bias }) => sum + (bias ? rows : 0), 0);
  const tables = config.vocab_size * hidden * (config.tie_word_embeddings ? 1 : 2);
  const norms = layers * (2 * hidden + (config.qk_norm ? 2 * head_dim : 0)) + hidden;
  return tables + norms + biases;
}

/** GPT-2: 39,505,152 of 124,439,808; with a head of 4 labels 3,072 more. */
function otherOfGpt2(config: Gpt2Config): number {
  const { hidden_size: hidden, num_hidden_layers: layers, num_labels } = config;
  const biases = blockModules(config).reduce((sum, { rows }) => sum + rows, 0);
  const norms = (2 * layers + 1) * 2 * hidden;
  const untied = num_labels === undefined && !config.tie_word_embeddings ? config.vocab_size * hidden : 0;
  const tables = (config.vocab_size + config.max_position_embeddings + (num_labels ?? 0)) * hidden;
  return tables + untied + norms + biases;
}

/**
 * A configuration's footprint by config.json alone.
 * @param rest what everything but the quantized layers is kept in; an unquantized model is all in its compute dtype
 */
export function footprintOf(config: ModelConfig, quant: QuantConfig, rest: ComputeDtype): Footprint {
  const { linear, other } = countParameters(config);
  const format = formatOf(quant);
  const stored =
    blockModules(config).reduce((sum, { rows, columns }) => sum + weightBytes(quant, [rows, columns]), 0) +
    format.sharedBytes(quant);
  const restBytes = DTYPE_BYTES[quant.quant_type === 'none' ? quant.compute_dtype : rest];
  return {
    parameters: linear + other,
    quantized_parameters: linear,
    bitsandbytes_bytes: (linear * format.codeBits(quant)) / 8 + other * restBytes + bufferBytes(config),
    actual_bytes: stored + other * restBytes,
    bits_per_weight: (8 * stored) / linear,
  };
}

/** What transformers registers beside parameters: the rotary module's inv_freq and its copy, in float32. */
const bufferBytes = (config: ModelConfig): number => (config.family === 'llama' ? 4 * config.head_dim : 0);

/**
 * The causal-mask buffers GPT-2's layers carried in older versions of transformers: a bool for every pair of
 * positions and a float32, per layer. 12 MiB for GPT-2, part of published footprints and of no use to anybody.
 */
export const maskBufferBytes = (config: ModelConfig): number =>
  config.family === 'gpt2' ? config.num_hidden_layers * (config.max_position_embeddings ** 2 + 4) : 0;

/** Keys and values of a context of so many tokens, in float32 as this lab keeps them. */
export const cacheBytes = (config: ModelConfig, tokens: number): number =>
  2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * tokens * 4;

/** Checkpoint bytes that pass through memory while a model is loaded: its largest tensor's, 64 MiB at a time. */
export function passingBytes(config: ModelConfig, stored_bytes: number): number {
  const table = config.vocab_size * config.hidden_size;
  const widest = Math.max(table, ...blockModules(config).map(({ rows, columns }) => rows * columns));
  return Math.min(widest * stored_bytes, 64 * 2 ** 20);
}

/** LoRA adapters of rank r on top of a quantized base, and what training them keeps: the QLoRA line. */
export interface LoraFootprint {
  parameters: number;
  /** The adapters themselves, counted with the base by get_memory_footprint. */
  adapter_bytes: number;
  /** AdamW's two moments in float32, and the gradients in the adapters' dtype. */
  training_bytes: number;
}

/** Adapters of rank `r` on the modules whose names end so: `loraFootprint(config, 16, ['q_proj', 'v_proj'], 'float32')`. */
export function loraFootprint(
  config: ModelConfig,
  r: number,
  targets: readonly string[],
  dtype: ComputeDtype,
): LoraFootprint {
  const adapted = blockModules(config).filter(({ name }) =>
    targets.some((target) => name.endsWith(`.${target}`)),
  );
  const parameters = adapted.reduce((sum, { rows, columns }) => sum + r * (rows + columns), 0);
  const adapter_bytes = parameters * DTYPE_BYTES[dtype];
  return { parameters, adapter_bytes, training_bytes: adapter_bytes + parameters * 8 };
}
