import { boolean, number } from '../config_fields.ts';
import type { Family } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** StableLM 2 (Bellagente et al. 2024; transformers modeling_stablelm.py): Llama with LayerNorm and a quarter of each head turned. */
export const stablelm: Family = {
  architectures: ['StableLmForCausalLM'],
  classifiers: ['StableLmForSequenceClassification'],
  model_type: 'stablelm',
  parse(fields) {
    const parallel = boolean(fields, 'use_parallel_residual');
    const qk_norm = boolean(fields, 'qk_layernorm');
    const plain = llamaLike(
      fields,
      {
        vocab_size: 50304,
        intermediate_size: 6912,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        num_key_value_heads: 32,
        max_position_embeddings: 4096,
        eos_token_id: 0,
      },
      {
        norm: { kind: 'layer', eps: number(fields, 'layer_norm_eps', 0, 1, 1e-5) },
        qkv_bias: boolean(fields, 'use_qkv_bias'),
        rope: { partial_rotary_factor: 0.25 },
      },
    );
    return changeBlocks(plain, ({ norms }) => ({
      parallel,
      norms: parallel ? { attention_in: norms.attention_in! } : norms,
      qk_norm: qk_norm
        ? {
            q: 'self_attn.q_layernorm.norms',
            k: 'self_attn.k_layernorm.norms',
            over: 'head',
            own_weights: 'numbered',
            parameters: 'weight',
          }
        : undefined,
    }));
  },
};
