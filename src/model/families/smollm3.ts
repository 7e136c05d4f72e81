import { LabError } from '../../errors.ts';
import { boolean, integer, optionalInteger, shown, type Fields } from '../config_fields.ts';
import type { Family } from './family.ts';
import { layerWindows } from './layer_windows.ts';
import { llamaLike, type Defaults } from './llama_like.ts';

const SMOLLM3: Defaults = {
  vocab_size: 128256,
  intermediate_size: 11008,
  num_hidden_layers: 36,
  num_attention_heads: 16,
  num_key_value_heads: 4,
  max_position_embeddings: 32768,
  rope_theta: 2_000_000,
  tie_word_embeddings: true,
  eos_token_id: 128001,
};

/** SmolLM3, every fourth layer of which knows no positions (Hugging Face 2025; Yang et al. 2025, "Rope to Nope"). */
export const smollm3: Family = {
  architectures: ['SmolLM3ForCausalLM'],
  classifiers: ['SmolLM3ForSequenceClassification'],
  model_type: 'smollm3',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const turned = turnedLayers(fields);
    const used = boolean(fields, 'use_sliding_window');
    const length = optionalInteger(fields, 'sliding_window');
    const window = used ? length : undefined;
    return llamaLike(fields, SMOLLM3, {
      qkv_bias: bias,
      o_bias: bias,
      mlp_bias: boolean(fields, 'mlp_bias'),
      windows: layerWindows(fields, window, SMOLLM3.num_hidden_layers, (layer) => !turned[layer]),
      turned,
    });
  },
};

/** Whether each layer turns by position: as listed, or all but every so many. */
function turnedLayers(fields: Fields): boolean[] {
  const layers = integer(fields, 'num_hidden_layers', 1, 512, SMOLLM3.num_hidden_layers);
  const interval = integer(fields, 'no_rope_layer_interval', 1, 1024, 4);
  const listed = fields.get('no_rope_layers') ?? undefined;
  if (listed === undefined) return Array.from({ length: layers }, (_, layer) => (layer + 1) % interval !== 0);
  // The field's name notwithstanding, 1 is a layer that turns.
  if (
    Array.isArray(listed) &&
    listed.length >= layers &&
    listed.every((turns) => turns === 0 || turns === 1)
  ) {
    return listed.slice(0, layers).map((turns) => turns === 1);
  }
  throw new LabError(
    'bad-config',
    `config.json: no_rope_layers is ${shown(listed)}; allowed: ${layers} of 0 or 1.`,
  );
}
