import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** Seed-OSS of ByteDance (transformers modeling_seed_oss.py): Llama with biases of queries, keys and values. */
export const seedOss: Family = {
  architectures: ['SeedOssForCausalLM'],
  model_type: 'seed_oss',
  harmless: { pretraining_tp: 'in how many pieces it was trained: the same sums' },
  parse: (fields) =>
    llamaLike(
      fields,
      {
        vocab_size: 155136,
        intermediate_size: 27648,
        num_hidden_layers: 64,
        num_attention_heads: 80,
        num_key_value_heads: 8,
        head_dim: 128,
        max_position_embeddings: 524288,
        eos_token_id: 2,
      },
      {
        qkv_bias: boolean(fields, 'attention_bias', true),
        o_bias: boolean(fields, 'attention_out_bias'),
        mlp_bias: boolean(fields, 'mlp_bias'),
      },
    ),
};
