import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, integer, number, requireOnly, type Json } from '../config_fields.ts';
import { linear, type ParsedModel } from './family.ts';
import { parseRope } from './parse_rope.ts';

/** Differences among the families that follow Llama: biases, norms of heads, and a window. */
export interface Traits {
  qkv_bias?: boolean;
  o_bias?: boolean;
  mlp_bias?: boolean;
  qk_norm?: boolean;
  window?: number | undefined;
}

/** Reads a model whose block is Llama's (transformers modeling_llama.py) up to some traits. */
export function llamaLike(
  json: Json,
  { qkv_bias = false, o_bias = false, mlp_bias = false, qk_norm = false, window }: Traits = {},
): ParsedModel {
  requireOnly(json, 'hidden_act', 'silu');
  const hidden_size = integer(json, 'hidden_size', 4, 65536);
  const num_attention_heads = integer(json, 'num_attention_heads', 1, 1024);
  return {
    hidden_size,
    intermediate_size: integer(json, 'intermediate_size', 4, 262144),
    num_hidden_layers: integer(json, 'num_hidden_layers', 1, 512),
    num_attention_heads,
    num_key_value_heads: integer(json, 'num_key_value_heads', 1, 1024, num_attention_heads),
    head_dim: integer(json, 'head_dim', 4, MAX_HEAD_DIM, hidden_size / num_attention_heads),
    vocab_size: integer(json, 'vocab_size', 2, 2 ** 21),
    max_position_embeddings: integer(json, 'max_position_embeddings', 2, 2 ** 24),
    tie_word_embeddings: boolean(json, 'tie_word_embeddings'),
    eos_token_ids: eosIds(json),
    norm: { kind: 'rms', eps: number(json, 'rms_norm_eps', 0, 1, 1e-6) },
    blocks: [
      {
        norms: { attention_in: 'input_layernorm', mlp_in: 'post_attention_layernorm' },
        qk_norm: qk_norm ? { q: 'self_attn.q_norm', k: 'self_attn.k_norm', over: 'head' } : undefined,
        linears: [
          linear('self_attn.q_proj', ['q'], qkv_bias),
          linear('self_attn.k_proj', ['k'], qkv_bias),
          linear('self_attn.v_proj', ['v'], qkv_bias),
          linear('self_attn.o_proj', ['o'], o_bias),
          linear('mlp.gate_proj', ['gate'], mlp_bias),
          linear('mlp.up_proj', ['up'], mlp_bias),
          linear('mlp.down_proj', ['down'], mlp_bias),
        ],
        rope: parseRope(json),
        window,
        activation: 'swiglu',
      },
    ],
    names: {
      prefixes: ['model.'],
      embedding: 'embed_tokens',
      positions: undefined,
      layers: 'layers',
      norm: 'norm',
    },
    mask_buffers: false,
  };
}
