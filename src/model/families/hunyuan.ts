import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** Hunyuan without experts, whose queries and keys are turned before they are normalized (Tencent 2025; transformers modeling_hunyuan_v1_dense.py). */
export const hunyuan: Family = {
  architectures: ['HunYuanDenseV1ForCausalLM'],
  classifiers: ['HunYuanDenseV1ForSequenceClassification'],
  model_type: 'hunyuan_v1_dense',
  harmless: {
    eod_token_id: 'transformers does not read it',
    pretraining_tp: 'in how many pieces it was trained: the same sums',
  },
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const plain = llamaLike(
      fields,
      {
        vocab_size: 290943,
        intermediate_size: 11008,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        max_position_embeddings: 2048,
        rms_norm_eps: 1e-5,
        eos_token_id: 2,
      },
      { qkv_bias: bias, o_bias: bias, rope: { alpha: true } },
    );
    const qk_norm = { q: 'self_attn.query_layernorm', k: 'self_attn.key_layernorm' };
    return changeBlocks(plain, () => ({ qk_norm: { ...qk_norm, over: 'head', after_rope: true } }));
  },
};
