import { boolean, requireOnly, type Json } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** Qwen2 and Qwen2.5, whose queries, keys and values have biases (Yang et al. 2024). */
export const qwen2: Family = {
  architectures: ['Qwen2ForCausalLM'],
  parse(json) {
    requireUnusedWindow(json);
    return llamaLike(json, { qkv_bias: true });
  },
};

/** Qwen3, which normalizes each head's queries and keys (Yang et al. 2025). */
export const qwen3: Family = {
  architectures: ['Qwen3ForCausalLM'],
  parse(json) {
    const bias = boolean(json, 'attention_bias');
    requireUnusedWindow(json);
    return llamaLike(json, { qkv_bias: bias, o_bias: bias, qk_norm: true });
  },
};

/** Qwen's configs carry a window that they do not use unless they say so. */
function requireUnusedWindow(json: Json): void {
  if (boolean(json, 'use_sliding_window')) requireOnly(json, 'use_sliding_window', false);
}
