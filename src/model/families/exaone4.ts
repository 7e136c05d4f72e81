import { LabError } from '../../errors.ts';
import { optionalInteger, shown, type Fields } from '../config_fields.ts';
import type { Family } from './family.ts';
import { layerWindows } from './layer_windows.ts';
import { changeBlocks, llamaLike, POST_NORMS, type Defaults } from './llama_like.ts';

const EXAONE4: Defaults = {
  vocab_size: 102400,
  intermediate_size: 16384,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  eos_token_id: 2,
};

/** EXAONE 4, with norms behind, and where layers have windows those without know no positions (LG AI Research 2025). */
export const exaone4: Family = {
  architectures: ['Exaone4ForCausalLM'],
  model_type: 'exaone4',
  parse(fields) {
    const window = optionalInteger(fields, 'sliding_window', 4096);
    const pattern = patternOf(fields);
    const windows = layerWindows(
      fields,
      window,
      EXAONE4.num_hidden_layers,
      (layer) => (layer + 1) % pattern !== 0,
    );
    const turned = windows.map((own) => window === undefined || own !== undefined);
    const plain = llamaLike(fields, EXAONE4, { qk_norm: true, windows, turned });
    return changeBlocks(plain, () => ({ norms: POST_NORMS }));
  },
};

/** Every so many layers one has no window: as a number, or as letters of which the last is that layer's, LLLG. */
function patternOf(fields: Fields): number {
  const value = fields.get('sliding_window_pattern') ?? 4;
  // transformers reads the letters only where layer_types says the same.
  if (typeof value === 'string' && /^L+G$/.test(value) && Array.isArray(fields.get('layer_types'))) {
    return value.length;
  }
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new LabError(
    'bad-config',
    `config.json: sliding_window_pattern is ${shown(value)}; allowed: a whole number from 1, or LLLG beside layer_types.`,
  );
}
