import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** Llama 1 to 3, SmolLM2, TinyLlama, Yi and many others (Touvron et al. 2023). */
export const llama: Family = {
  architectures: ['LlamaForCausalLM'],
  classifiers: ['LlamaForSequenceClassification'],
  model_type: 'llama',
  harmless: {
    pretraining_tp: 'in how many pieces it was trained: the same sums',
    is_llama_config: "a mark of SmolLM2's export",
    rope_interleaved: "of SmolLM2's export; transformers' Llama does not read it",
  },
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    return llamaLike(
      fields,
      {
        vocab_size: 32000,
        intermediate_size: 11008,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        max_position_embeddings: 2048,
        eos_token_id: 2,
      },
      { qkv_bias: bias, o_bias: bias, mlp_bias: boolean(fields, 'mlp_bias') },
    );
  },
};
