import { boolean, number, optionalInteger } from '../config_fields.ts';
import type { BlockSpec } from '../model_config.ts';
import type { Family } from './family.ts';
import { layerWindows } from './layer_windows.ts';
import { changeBlocks, llamaLike, POST_NORMS, type Defaults } from './llama_like.ts';
import { parseLayerRopes } from './parse_rope.ts';

/** Defaults of OlmoConfig, Olmo2Config and Olmo3Config. */
const OLMO_7B: Defaults = {
  vocab_size: 50304,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  eos_token_id: 50279,
};

const OLMO_BLOCK: Partial<BlockSpec> = {
  norms: POST_NORMS,
  qk_norm: { q: 'self_attn.q_norm', k: 'self_attn.k_norm', over: 'all' },
};

/** OLMo 1, whose norms have no parameters (Groeneveld et al. 2024; transformers modeling_olmo.py). */
export const olmo: Family = {
  architectures: ['OlmoForCausalLM'],
  classifiers: ['OlmoForSequenceClassification'],
  model_type: 'olmo',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const clip = fields.get('clip_qkv') ?? undefined;
    const plain = llamaLike(fields, OLMO_7B, {
      norm: { kind: 'layer', eps: 1e-5, parameters: 'none' },
      qkv_bias: bias,
      o_bias: bias,
    });
    if (clip === undefined) return plain;
    const clip_qkv = number(fields, 'clip_qkv', 1e-6, 1e6);
    return changeBlocks(plain, () => ({ clip_qkv }));
  },
};

/** OLMo 2, with norms behind attention and MLP, and over all heads of queries and keys (OLMo team 2025). */
export const olmo2: Family = {
  architectures: ['Olmo2ForCausalLM'],
  model_type: 'olmo2',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const plain = llamaLike(fields, OLMO_7B, { qkv_bias: bias, o_bias: bias });
    return changeBlocks(plain, () => OLMO_BLOCK);
  },
};

/** OLMo 3, three of four layers of which look back on a window only, and turn by the plain rope (OLMo team 2025). */
export const olmo3: Family = {
  architectures: ['Olmo3ForCausalLM'],
  classifiers: ['Olmo3ForSequenceClassification'],
  model_type: 'olmo3',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const window = optionalInteger(fields, 'sliding_window', 4096);
    const layers = OLMO_7B.num_hidden_layers;
    const windows = layerWindows(fields, window, layers, (layer) => (layer + 1) % 4 !== 0);
    const plain = llamaLike(fields, OLMO_7B, {
      qkv_bias: bias,
      o_bias: bias,
      windows,
      ropes(sizes) {
        // transformers 5 gives rope_theta to the layers without a window alone.
        const options = { default_theta: 500000 };
        const ropes = parseLayerRopes(fields, sizes, options, options);
        return windows.map((own) => ropes[own === undefined ? 'full_attention' : 'sliding_attention']);
      },
    });
    return changeBlocks(plain, () => OLMO_BLOCK);
  },
};
