import { boolean, type Fields } from '../config_fields.ts';
import type { BlockSpec, ModelConfig } from '../model_config.ts';
import { conv1d, type Family } from './family.ts';
import { GPT_NAMES, gptLike, SECOND_HEAD } from './gpt_like.ts';
import { parseActivation } from './parse_activation.ts';

/** GPT-2 (Radford et al. 2019; transformers modeling_gpt2.py), with a language-model head or one of classes. */
export const gpt2: Family = {
  architectures: ['GPT2LMHeadModel'],
  classifiers: ['GPT2ForSequenceClassification'],
  model_type: 'gpt2',
  attribute_map: GPT_NAMES,
  harmless: {
    intermediate_size: 'no name of n_inner, which the class goes by',
    n_ctx: 'an older name of n_positions, which transformers no longer reads',
    ...SECOND_HEAD,
    summary_type: 'of a second head that GPT2DoubleHeadsModel has, as the other summary fields',
    reorder_and_upcast_attn: 'an order of the same products for training in half precision',
  },
  parse(fields) {
    const model = gptLike(fields, {
      vocab_size: 50257,
      n_positions: 1024,
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
      tie_word_embeddings: true,
    });
    return { ...model, blocks: blocksOf(fields, model), mask_buffers: true };
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
