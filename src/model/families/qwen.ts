import { boolean, integer, optionalInteger, type Fields } from '../config_fields.ts';
import type { Family } from './family.ts';
import { layerWindows } from './layer_windows.ts';
import { llamaLike, type Defaults } from './llama_like.ts';

/** Defaults of Qwen2Config and Qwen3Config. */
export const QWEN: Defaults = {
  vocab_size: 151936,
  intermediate_size: 22016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  max_position_embeddings: 32768,
};

/** Qwen2 and Qwen2.5, whose queries, keys and values have biases (Yang et al. 2024). */
export const qwen2: Family = {
  architectures: ['Qwen2ForCausalLM'],
  classifiers: ['Qwen2ForSequenceClassification'],
  model_type: 'qwen2',
  parse: (fields) => llamaLike(fields, QWEN, { qkv_bias: true, windows: qwenWindows(fields) }),
};

/** Qwen3, which normalizes each head's queries and keys (Yang et al. 2025). */
export const qwen3: Family = {
  architectures: ['Qwen3ForCausalLM'],
  classifiers: ['Qwen3ForSequenceClassification'],
  model_type: 'qwen3',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    return llamaLike(
      fields,
      { ...QWEN, head_dim: 128 },
      { qkv_bias: bias, o_bias: bias, qk_norm: true, windows: qwenWindows(fields) },
    );
  },
};

/** Qwen's configs carry a window that counts only where they say so, and then for the layers above a number. */
export function qwenWindows(
  fields: Fields,
  missing = { layers: QWEN.num_hidden_layers, first: 28 },
): (number | undefined)[] {
  const used = boolean(fields, 'use_sliding_window');
  const length = optionalInteger(fields, 'sliding_window', 4096);
  const first = integer(fields, 'max_window_layers', 0, 1024, missing.first);
  const window = used ? length : undefined;
  return layerWindows(fields, window, missing.layers, (layer) => layer >= first);
}
