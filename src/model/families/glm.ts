import { boolean, type Fields } from '../config_fields.ts';
import { linear, type Family, type ParsedModel } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** GLM-4 of 2024 (GLM team 2024; transformers modeling_glm.py): half of a head turned by neighbours, gate and up in one. */
export const glm: Family = {
  architectures: ['GlmForCausalLM'],
  classifiers: ['GlmForSequenceClassification'],
  model_type: 'glm',
  parse: parseGlm,
};

/** GLM-4-0414, with norms both in front and behind (transformers modeling_glm4.py). */
export const glm4: Family = {
  architectures: ['Glm4ForCausalLM'],
  classifiers: ['Glm4ForSequenceClassification'],
  model_type: 'glm4',
  parse: (fields) =>
    changeBlocks(parseGlm(fields), () => ({
      norms: {
        attention_in: 'input_layernorm',
        attention_out: 'post_self_attn_layernorm',
        mlp_in: 'post_attention_layernorm',
        mlp_out: 'post_mlp_layernorm',
      },
    })),
};

function parseGlm(fields: Fields): ParsedModel {
  const bias = boolean(fields, 'attention_bias', true);
  const plain = llamaLike(
    fields,
    {
      vocab_size: 151552,
      intermediate_size: 13696,
      num_hidden_layers: 40,
      num_attention_heads: 32,
      num_key_value_heads: 2,
      head_dim: 128,
      max_position_embeddings: 131072,
      rms_norm_eps: 1.5625e-7,
      eos_token_id: [151329, 151336, 151338],
    },
    { rope: { partial_rotary_factor: 0.5, interleaved: true } },
  );
  return changeBlocks(plain, () => ({
    linears: [
      linear('self_attn.q_proj', ['q'], bias),
      linear('self_attn.k_proj', ['k'], bias),
      linear('self_attn.v_proj', ['v'], bias),
      linear('self_attn.o_proj', ['o'], false),
      linear('mlp.gate_up_proj', ['gate', 'up'], false),
      linear('mlp.down_proj', ['down'], false),
    ],
  }));
}
