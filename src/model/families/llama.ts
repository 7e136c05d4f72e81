import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** Llama 1 to 3, SmolLM2, TinyLlama, Yi and many others (Touvron et al. 2023). */
export const llama: Family = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  parse(json) {
    const bias = boolean(json, 'attention_bias');
    return llamaLike(json, { qkv_bias: bias, o_bias: bias, mlp_bias: boolean(json, 'mlp_bias') });
  },
};
