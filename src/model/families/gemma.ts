import {
  boolean,
  integer,
  number,
  optionalInteger,
  optionalNumber,
  requireOnly,
  type Fields,
} from '../config_fields.ts';
import type { BlockSpec } from '../model_config.ts';
import type { Family, ParsedModel } from './family.ts';
import { layerWindows } from './layer_windows.ts';
import { changeBlocks, llamaLike, type Defaults, type Traits } from './llama_like.ts';
import { parseActivation } from './parse_activation.ts';
import { parseLayerRopes } from './parse_rope.ts';
import { textTower } from './text_tower.ts';

/** Defaults that GemmaConfig, Gemma2Config and Gemma3TextConfig share. */
const GEMMA = {
  vocab_size: 256000,
  head_dim: 256,
  max_position_embeddings: 8192,
  tie_word_embeddings: true,
  eos_token_id: 1,
};

const GEMMA_1: Defaults = {
  ...GEMMA,
  intermediate_size: 24576,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 16,
};

const GEMMA_2: Defaults = {
  ...GEMMA,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
};

/** Gemma: Llama with gelu, norms by 1 + weight and embeddings by √hidden (Gemma team 2024; transformers modeling_gemma.py). */
export const gemma: Family = {
  architectures: ['GemmaForCausalLM'],
  classifiers: ['GemmaForSequenceClassification'],
  model_type: 'gemma',
  harmless: { hidden_activation: 'transformers reads hidden_act' },
  parse(fields) {
    // Early releases said gelu and meant its tanh form, as transformers takes it.
    const activation =
      fields.get('hidden_act') === 'gelu'
        ? 'gelu_tanh'
        : parseActivation(fields, 'hidden_act', 'gelu_pytorch_tanh');
    return gemmaLike(fields, GEMMA_1, { activation });
  },
};

/** Gemma 2: norms on both sides, softcaps, a window in every other layer (Gemma team 2024; modeling_gemma2.py). */
export const gemma2: Family = {
  architectures: ['Gemma2ForCausalLM'],
  classifiers: ['Gemma2ForSequenceClassification'],
  model_type: 'gemma2',
  harmless: { hidden_act: 'transformers reads hidden_activation' },
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window', 4096);
    const windows = layerWindows(fields, window, GEMMA_2.num_hidden_layers, (layer) => layer % 2 === 0);
    const attention_softcap = optionalNumber(fields, 'attn_logit_softcapping', 1e-3, 1e6, 50);
    const model = gemmaLike(fields, GEMMA_2, {
      activation: parseActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh'),
      windows,
    });
    return {
      ...changeBlocks(model, () => ({
        ...sandwiched(fields),
        ...(attention_softcap === undefined ? {} : { attention_softcap }),
      })),
      ...logitSoftcap(fields, 30),
    };
  },
};

const GEMMA_3: Defaults = { ...GEMMA_2, vocab_size: 262208, max_position_embeddings: 131072 };

/** Gemma 3: norms of heads, five layers of windows to one without, which turns by a theta of its own (Gemma team 2025). */
export const gemma3: Family = {
  architectures: ['Gemma3ForCausalLM'],
  classifiers: ['Gemma3TextForSequenceClassification'],
  model_type: 'gemma3_text',
  harmless: {
    hidden_act: 'transformers reads hidden_activation',
    attn_logit_softcapping: 'transformers bounds no scores of a Gemma 3',
    _sliding_window_pattern: 'transformers reads sliding_window_pattern',
  },
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window', 4096);
    const every = integer(fields, 'sliding_window_pattern', 1, 1024, 6);
    const slides = (layer: number) => (layer + 1) % every !== 0;
    const windows = layerWindows(fields, window, GEMMA_3.num_hidden_layers, slides);
    const model = gemmaLike(fields, GEMMA_3, {
      activation: parseActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh'),
      qk_norm: true,
      windows,
      ropes(sizes) {
        const full = { default_theta: 1e6 };
        const sliding = { default_theta: 1e4, theta_field: 'rope_local_base_freq' };
        const ropes = parseLayerRopes(fields, sizes, full, sliding);
        return windows.map((own) => ropes[own === undefined ? 'full_attention' : 'sliding_attention']);
      },
    });
    return { ...changeBlocks(model, () => sandwiched(fields)), ...logitSoftcap(fields) };
  },
};

/** Gemma 3 of text and images, of which the language model is read (modeling_gemma3.py, Gemma3ForConditionalGeneration). */
export const gemma3Images: Family = textTower({
  architectures: ['Gemma3ForConditionalGeneration'],
  model_type: 'gemma3',
  texts: [
    {
      ...gemma3,
      // transformers bounds the logits of the language model by itself alone.
      parse: (fields) => ({ ...gemma3.parse(fields), logit_softcap: 0 }),
    },
  ],
  towers: ['model.vision_tower', 'model.multi_modal_projector'],
  tie: { missing: true, or_text: false },
  harmless: {
    mm_tokens_per_image: 'only images reach it',
    boi_token_index: 'only images reach it',
    eoi_token_index: 'only images reach it',
  },
});

/** What Gemma 2 and 3 have in all blocks: norms in front of and behind attention and MLP, and a scale of their own. */
const sandwiched = (fields: Fields): Partial<BlockSpec> => ({
  norms: {
    attention_in: 'input_layernorm',
    attention_out: 'post_attention_layernorm',
    mlp_in: 'pre_feedforward_layernorm',
    mlp_out: 'post_feedforward_layernorm',
  },
  attention_scale: 1 / Math.sqrt(number(fields, 'query_pre_attn_scalar', 1e-3, 1e6, 256)),
});

function logitSoftcap(fields: Fields, missing?: number): Pick<ParsedModel, 'logit_softcap'> {
  const logit_softcap = optionalNumber(fields, 'final_logit_softcapping', 1e-3, 1e6, missing);
  return logit_softcap === undefined ? {} : { logit_softcap };
}

function gemmaLike(fields: Fields, defaults: Defaults, traits: Traits): ParsedModel {
  requireOnly(fields, 'use_bidirectional_attention', false);
  const bias = boolean(fields, 'attention_bias');
  const plain = llamaLike(fields, defaults, { qkv_bias: bias, o_bias: bias, ...traits });
  return {
    ...plain,
    norm: { ...plain.norm, plus_one: true },
    embedding_scale: { value: Math.sqrt(plain.hidden_size), in_dtype: true },
  };
}
