import { boolean, number } from '../config_fields.ts';
import type { Family } from './family.ts';
import { changeBlocks, llamaLike, POST_NORMS } from './llama_like.ts';

/** OLMo 1, whose norms have no parameters (Groeneveld et al. 2024; transformers modeling_olmo.py). */
export const olmo: Family = {
  architectures: ['OlmoForCausalLM'],
  classifiers: ['OlmoForSequenceClassification'],
  model_type: 'olmo',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const clip = fields.get('clip_qkv') ?? undefined;
    const plain = llamaLike(
      fields,
      {
        vocab_size: 50304,
        intermediate_size: 11008,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        max_position_embeddings: 2048,
        eos_token_id: 50279,
      },
      { norm: { kind: 'layer', eps: 1e-5, parameters: 'none' }, qkv_bias: bias, o_bias: bias },
    );
    if (clip === undefined) return plain;
    const clip_qkv = number(fields, 'clip_qkv', 1e-6, 1e6);
    return changeBlocks(plain, () => ({ clip_qkv }));
  },
};

/** OLMo 2, with norms behind attention and MLP, and over all heads of queries and keys (OLMo team 2025). */
export const olmo2: Family = {
  architectures: ['Olmo2ForCausalLM'],
  model_type: 'olmo2',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const plain = llamaLike(
      fields,
      {
        vocab_size: 50304,
        intermediate_size: 11008,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        max_position_embeddings: 2048,
        rms_norm_eps: 1e-5,
        eos_token_id: 50279,
      },
      { qkv_bias: bias, o_bias: bias },
    );
    return changeBlocks(plain, () => ({
      norms: POST_NORMS,
      qk_norm: { q: 'self_attn.q_norm', k: 'self_attn.k_norm', over: 'all' },
    }));
  },
};
