import { optionalInteger } from '../config_fields.ts';
import type { Family } from './family.ts';
import { layerWindows, requireLayerTypes } from './layer_windows.ts';
import { llamaLike, type Defaults } from './llama_like.ts';

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
  model_type: 'ministral',
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window', 4096);
    return llamaLike(fields, MISTRAL_7B, {
      windows: layerWindows(fields, window, MISTRAL_7B.num_hidden_layers, () => true),
    });
  },
};
