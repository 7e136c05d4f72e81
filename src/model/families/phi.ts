import { boolean, number } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** Phi-1, 1.5 and 2 (Li et al. 2023; transformers modeling_phi.py): a parallel block, and a bias everywhere. */
export const phi: Family = {
  architectures: ['PhiForCausalLM'],
  classifiers: ['PhiForSequenceClassification'],
  model_type: 'phi',
  parse(fields) {
    const qk_norm = boolean(fields, 'qk_layernorm');
    const plain = llamaLike(
      fields,
      {
        vocab_size: 51200,
        intermediate_size: 8192,
        num_hidden_layers: 24,
        num_attention_heads: 32,
        max_position_embeddings: 2048,
        hidden_act: 'gelu_new',
        eos_token_id: 2,
      },
      {
        norm: { kind: 'layer', eps: number(fields, 'layer_norm_eps', 0, 1, 1e-5) },
        rope: { partial_rotary_factor: 0.5 },
      },
    );
    const model = changeBlocks(plain, () => ({
      parallel: true,
      norms: { attention_in: 'input_layernorm' },
      qk_norm: qk_norm ? { q: 'self_attn.q_layernorm', k: 'self_attn.k_layernorm', over: 'head' } : undefined,
      linears: [
        linear('self_attn.q_proj', ['q'], true),
        linear('self_attn.k_proj', ['k'], true),
        linear('self_attn.v_proj', ['v'], true),
        linear('self_attn.dense', ['o'], true),
        linear('mlp.fc1', ['up'], true),
        linear('mlp.fc2', ['down'], true),
      ],
    }));
    return { ...model, head_bias: true, names: { ...model.names, norm: 'final_layernorm' } };
  },
};
