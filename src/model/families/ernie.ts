import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** ERNIE 4.5 without experts, whose pairs are neighbours (Baidu 2025; transformers modeling_ernie4_5.py). */
export const ernie45: Family = {
  architectures: ['Ernie4_5ForCausalLM'],
  model_type: 'ernie4_5',
  parse(fields) {
    const bias = boolean(fields, 'use_bias');
    return llamaLike(
      fields,
      {
        vocab_size: 103424,
        intermediate_size: 3072,
        num_hidden_layers: 18,
        num_attention_heads: 16,
        num_key_value_heads: 2,
        head_dim: 128,
        max_position_embeddings: 131072,
        rms_norm_eps: 1e-5,
        rope_theta: 500000,
        tie_word_embeddings: true,
        eos_token_id: 2,
      },
      { qkv_bias: bias, o_bias: bias, mlp_bias: bias, rope: { interleaved: true } },
    );
  },
};
