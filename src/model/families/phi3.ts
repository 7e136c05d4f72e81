import { optionalInteger } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** Phi-3, whose queries, keys and values lie in one matrix, and gate and up in another (Abdin et al. 2024). */
export const phi3: Family = {
  architectures: ['Phi3ForCausalLM'],
  classifiers: ['Phi3ForSequenceClassification'],
  model_type: 'phi3',
  parse(fields) {
    const plain = llamaLike(
      fields,
      {
        vocab_size: 32064,
        intermediate_size: 8192,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        max_position_embeddings: 4096,
        rms_norm_eps: 1e-5,
        eos_token_id: 32000,
      },
      {
        windows: [optionalInteger(fields, 'sliding_window')],
        rope: {
          // Phi-4-mini turns three quarters of a head.
          partial_rotary_factor: 1,
          aliases: { su: 'longrope', yarn: 'longrope' },
          original: 4096,
          recomputed: true,
        },
      },
    );
    return changeBlocks(plain, () => ({
      linears: [
        linear('self_attn.qkv_proj', ['q', 'k', 'v'], false),
        linear('self_attn.o_proj', ['o'], false),
        linear('mlp.gate_up_proj', ['gate', 'up'], false),
        linear('mlp.down_proj', ['down'], false),
      ],
    }));
  },
};
