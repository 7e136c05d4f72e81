import type { QuantConfig } from '../quant/config.ts';
import type { ModelConfig } from './config.ts';

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

/** Parameters of a Llama by config.json alone. Llama-3.2-1B: 973,078,528 linear of 1,235,814,400. */
export function countParameters(config: ModelConfig): { linear: number; other: number } {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, head_dim } = config;
  const queries = config.num_attention_heads * head_dim;
  const keys = config.num_key_value_heads * head_dim;
  const linear = layers * (2 * hidden * queries + 2 * hidden * keys + 3 * hidden * inner);
  const attentionBiases = config.attention_bias ? queries + 2 * keys + hidden : 0;
  const mlpBiases = config.mlp_bias ? 2 * inner + hidden : 0;
  const tables = config.vocab_size * hidden * (config.tie_word_embeddings ? 1 : 2);
  const norms = (2 * layers + 1) * hidden;
  return { linear, other: tables + norms + layers * (attentionBiases + mlpBiases) };
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
  const buffers = 2 * (config.head_dim / 2) * 4;
  if (quant.quant_type === 'none') return (linear + other) * DTYPE_BYTES[quant.compute_dtype] + buffers;
  return linear * (quant.quant_type === 'int8' ? 1 : 0.5) + other * stored_bytes + buffers;
}
