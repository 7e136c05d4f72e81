import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, integer, number, requireOnly } from '../config_fields.ts';
import { conv1d, type Family } from './family.ts';

/** GPT-2 (Radford et al. 2019; transformers modeling_gpt2.py), with a language-model head or one of classes. */
export const gpt2: Family = {
  architectures: ['GPT2LMHeadModel'],
  classifiers: ['GPT2ForSequenceClassification'],
  parse(json) {
    requireOnly(json, 'activation_function', 'gelu_new');
    requireOnly(json, 'scale_attn_weights', true);
    requireOnly(json, 'scale_attn_by_inverse_layer_idx', false);
    const hidden_size = integer(json, 'n_embd', 4, 65536);
    const num_attention_heads = integer(json, 'n_head', 1, 1024);
    return {
      hidden_size,
      intermediate_size: integer(json, 'n_inner', 4, 262144, 4 * hidden_size),
      num_hidden_layers: integer(json, 'n_layer', 1, 512),
      num_attention_heads,
      num_key_value_heads: num_attention_heads,
      head_dim: integer({}, 'head_dim', 4, MAX_HEAD_DIM, hidden_size / num_attention_heads),
      vocab_size: integer(json, 'vocab_size', 2, 2 ** 21),
      max_position_embeddings: integer(json, 'n_positions', 2, 2 ** 24),
      tie_word_embeddings: boolean({ tie_word_embeddings: true, ...json }, 'tie_word_embeddings'),
      eos_token_ids: eosIds(json),
      norm: { kind: 'layer', eps: number(json, 'layer_norm_epsilon', 0, 1, 1e-5) },
      blocks: [
        {
          norms: { attention_in: 'ln_1', mlp_in: 'ln_2' },
          qk_norm: undefined,
          linears: [
            conv1d('attn.c_attn', ['q', 'k', 'v']),
            conv1d('attn.c_proj', ['o']),
            conv1d('mlp.c_fc', ['up']),
            conv1d('mlp.c_proj', ['down']),
          ],
          rope: undefined,
          window: undefined,
          activation: 'gelu_new',
        },
      ],
      names: {
        // OpenAI's own checkpoints leave `transformer.` out.
        prefixes: ['transformer.', ''],
        embedding: 'wte',
        positions: 'wpe',
        layers: 'h',
        norm: 'ln_f',
      },
      mask_buffers: true,
    };
  },
};
