import type { QuantConfig } from '../quant/config.ts';
import type { Gpt2Config, LlamaConfig, ModelConfig } from './config.ts';

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
  /** Bytes of weights on this device, every scale included. */
  actual_bytes: number;
  /** Stored bits over the quantized parameters, scales included; what the Pareto plot shows. */
  bits_per_weight: number;
}

/** Parameters by config.json alone, tied ones once: those of the blocks' Linear layers, and all others. */
export function countParameters(config: ModelConfig): { linear: number; other: number } {
  return config.family === 'llama' ? countLlama(config) : countGpt2(config);
}

/** Llama-3.2-1B: 973,078,528 linear of 1,235,814,400. */
function countLlama(config: LlamaConfig): { linear: number; other: number } {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, head_dim } = config;
  const queries = config.num_attention_heads * head_dim;
  const keys = config.num_key_value_heads * head_dim;
  const linear = layers * (2 * hidden * queries + 2 * hidden * keys + 3 * hidden * inner);
  const biases =
    (config.qkv_bias ? queries + 2 * keys : 0) +
    (config.o_bias ? hidden : 0) +
    (config.mlp_bias ? 2 * inner + hidden : 0);
  const tables = config.vocab_size * hidden * (config.tie_word_embeddings ? 1 : 2);
  const norms = layers * (2 * hidden + (config.qk_norm ? 2 * head_dim : 0)) + hidden;
  return { linear, other: tables + norms + layers * biases };
}

/** GPT-2: 84,934,656 linear of 124,439,808; with a head of 4 labels 124,442,880. */
function countGpt2(config: Gpt2Config): { linear: number; other: number } {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, num_labels } = config;
  const linear = layers * (4 * hidden * hidden + 2 * hidden * inner);
  const biases = layers * (4 * hidden + inner + hidden);
  const norms = (2 * layers + 1) * 2 * hidden;
  const untied = num_labels === undefined && !config.tie_word_embeddings ? config.vocab_size * hidden : 0;
  const tables = (config.vocab_size + config.max_position_embeddings + (num_labels ?? 0)) * hidden + untied;
  return { linear, other: tables + norms + biases };
}

const DTYPE_BYTES = { float32: 4, float16: 2, bfloat16: 2 } as const;

/**
 * Bytes as transformers counts them. Unquantized, every parameter is in the compute dtype; quantized, 4-bit weights
 * count half a byte, int8 one, and the rest keeps the checkpoint's own type of `stored_bytes` each.
 * Llama-3.2-1B in float16: 2357.1 MiB; in NF4: 965.1 MiB.
 */
export function bitsandbytesBytes(config: ModelConfig, quant: QuantConfig, stored_bytes: number): number {
  const { linear, other } = countParameters(config);
  // The rotary module's inv_freq and its copy, in float32.
  const buffers = config.family === 'llama' ? 2 * (config.head_dim / 2) * 4 : 0;
  if (quant.quant_type === 'none') return (linear + other) * DTYPE_BYTES[quant.compute_dtype] + buffers;
  return linear * ('blocksize' in quant ? 0.5 : 1) + other * stored_bytes + buffers;
}
