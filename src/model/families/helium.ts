import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** Helium 1, whose pairs are neighbours (Kyutai 2025; transformers modeling_helium.py). */
export const helium: Family = {
  architectures: ['HeliumForCausalLM'],
  classifiers: ['HeliumForSequenceClassification'],
  model_type: 'helium',
  parse: (fields) =>
    llamaLike(
      fields,
      {
        vocab_size: 48000,
        intermediate_size: 7040,
        num_hidden_layers: 24,
        num_attention_heads: 20,
        num_key_value_heads: 20,
        head_dim: 128,
        max_position_embeddings: 4096,
        rms_norm_eps: 1e-8,
        rope_theta: 100000,
        eos_token_id: 2,
      },
      {
        qkv_bias: boolean(fields, 'attention_bias'),
        mlp_bias: boolean(fields, 'mlp_bias'),
        rope: { interleaved: true },
      },
    ),
};
