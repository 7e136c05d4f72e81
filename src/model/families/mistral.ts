import { fieldsOf, integer, isObject, number, optionalInteger, type Fields } from '../config_fields.ts';
import type { Rope } from '../model_config.ts';
import type { Family } from './family.ts';
import { layerWindows, requireLayerTypes } from './layer_windows.ts';
import { changeBlocks, llamaLike, type Defaults } from './llama_like.ts';
import { parseRope, type RopeOptions } from './parse_rope.ts';
import { textTower } from './text_tower.ts';

/** Defaults of MistralConfig and MinistralConfig. */
const MISTRAL_7B: Defaults = {
  vocab_size: 32000,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 131072,
  eos_token_id: 2,
};

/** Mistral 7B, whose tokens look back no further than a window (Jiang et al. 2023). */
export const mistral: Family = {
  architectures: ['MistralForCausalLM'],
  classifiers: ['MistralForSequenceClassification'],
  model_type: 'mistral',
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window', 4096);
    requireLayerTypes(fields, window === undefined ? 'full_attention' : 'sliding_attention');
    return llamaLike(fields, MISTRAL_7B, { windows: [window] });
  },
};

/** Ministral 8B, some of whose layers look back on all tokens (Mistral AI 2024). */
export const ministral: Family = {
  architectures: ['MinistralForCausalLM'],
  classifiers: ['MinistralForSequenceClassification'],
  model_type: 'ministral',
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window', 4096);
    return llamaLike(fields, MISTRAL_7B, {
      windows: layerWindows(fields, window, MISTRAL_7B.num_hidden_layers, () => true),
    });
  },
};

/** Ministral 3, whose queries grow with their position, as Llama 4's do (Mistral AI 2025; transformers modeling_ministral3.py). */
export const ministral3: Family = {
  architectures: ['Ministral3ForCausalLM'],
  classifiers: ['Ministral3ForSequenceClassification'],
  model_type: 'ministral3',
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window');
    requireLayerTypes(fields, window === undefined ? 'full_attention' : 'sliding_attention');
    const plain = llamaLike(
      fields,
      {
        ...MISTRAL_7B,
        vocab_size: 131072,
        num_hidden_layers: 34,
        head_dim: 128,
        max_position_embeddings: 262144,
        rms_norm_eps: 1e-5,
      },
      { windows: [window], ropes: (sizes) => [parseRope(ropeFields(fields), sizes, GROWN)] },
    );
    const growing = growthOf(fields);
    return changeBlocks(plain, ({ rope }) => ({ query_rope: { ...rope!, growing } }));
  },
};

/** The fields that Ministral 3 has beside other ropes'. */
const GROWN: RopeOptions = { harmless: ['llama_4_scaling_beta', 'max_position_embeddings'] };

const isStated = (fields: Fields): boolean =>
  ['rope_parameters', 'rope_scaling'].some((field) => isObject(fields.get(field)));

/** The fields that the rope is read from: a config.json without any has that of transformers' class. */
function ropeFields(fields: Fields): Fields {
  return isStated(fields) ? fields : fieldsOf({ rope_parameters: DEFAULT_ROPE });
}

const DEFAULT_ROPE = {
  rope_type: 'yarn',
  rope_theta: 1e6,
  factor: 16,
  original_max_position_embeddings: 16384,
  mscale: 1,
  mscale_all_dim: 1,
  llama_4_scaling_beta: 0.1,
};

/** By how much queries grow. */
function growthOf(fields: Fields): NonNullable<Rope['growing']> {
  const source = ropeFields(fields);
  const inner = source.within('rope_scaling') ?? source.within('rope_parameters')!;
  return {
    beta: number(inner, 'llama_4_scaling_beta', 0, 1e4),
    every:
      optionalInteger(fields, 'original_max_position_embeddings') ??
      integer(inner, 'original_max_position_embeddings', 1, 2 ** 24),
  };
}

/** Mistral 3's models of text and images, of which the language model is read. */
export const mistral3: Family = textTower({
  architectures: ['Mistral3ForConditionalGeneration'],
  model_type: 'mistral3',
  texts: [mistral, ministral3],
  towers: ['model.vision_tower', 'model.multi_modal_projector'],
  tie: { missing: true, or_text: false },
});
