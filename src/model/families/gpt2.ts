import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, fieldsOf, integer, number, type Fields } from '../config_fields.ts';
import type { BlockSpec, ModelConfig } from '../model_config.ts';
import { conv1d, type Family } from './family.ts';
import { parseActivation } from './parse_activation.ts';

/** GPT-2 (Radford et al. 2019; transformers modeling_gpt2.py), with a language-model head or one of classes. */
export const gpt2: Family = {
  architectures: ['GPT2LMHeadModel'],
  classifiers: ['GPT2ForSequenceClassification'],
  model_type: 'gpt2',
  attribute_map: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },
  harmless: {
    intermediate_size: 'no name of n_inner, which the class goes by',
    n_ctx: 'an older name of n_positions, which transformers no longer reads',
    summary_type: 'of a second head that GPT2DoubleHeadsModel has, as the other summary fields',
    summary_use_proj: 'of that head',
    summary_activation: 'of that head',
    summary_proj_to_labels: 'of that head',
    summary_first_dropout: 'of that head',
    reorder_and_upcast_attn: 'an order of the same products for training in half precision',
  },
  parse(fields) {
    const hidden_size = integer(fields, 'n_embd', 4, 65536, 768);
    const num_attention_heads = integer(fields, 'n_head', 1, 1024, 12);
    const num_hidden_layers = integer(fields, 'n_layer', 1, 512, 12);
    const head_dim = integer(fieldsOf({}), 'head_dim', 4, MAX_HEAD_DIM, hidden_size / num_attention_heads);
    return {
      hidden_size,
      intermediate_size: integer(fields, 'n_inner', 4, 262144, 4 * hidden_size),
      num_hidden_layers,
      num_attention_heads,
      num_key_value_heads: num_attention_heads,
      head_dim,
      vocab_size: integer(fields, 'vocab_size', 2, 2 ** 21, 50257),
      max_position_embeddings: integer(fields, 'n_positions', 2, 2 ** 24, 1024),
      tie_word_embeddings: boolean(fields, 'tie_word_embeddings', true),
      eos_token_ids: eosIds(fields, 50256),
      norm: { kind: 'layer', eps: number(fields, 'layer_norm_epsilon', 0, 1, 1e-5) },
      blocks: blocksOf(fields, { num_hidden_layers, head_dim }),
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

function blocksOf(
  fields: Fields,
  { num_hidden_layers, head_dim }: Pick<ModelConfig, 'num_hidden_layers' | 'head_dim'>,
): ModelConfig['blocks'] {
  const block: BlockSpec = {
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
    activation: parseActivation(fields, 'activation_function', 'gelu_new'),
    attention_scale: boolean(fields, 'scale_attn_weights', true) ? 1 / Math.sqrt(head_dim) : 1,
  };
  if (!boolean(fields, 'scale_attn_by_inverse_layer_idx')) return [block];
  const scaled = (layer: number) => ({ ...block, attention_scale: block.attention_scale! / (layer + 1) });
  return [scaled(0), ...Array.from({ length: num_hidden_layers - 1 }, (_, i) => scaled(i + 1))];
}
