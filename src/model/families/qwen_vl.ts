import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';
import type { RopeOptions } from './parse_rope.ts';
import { QWEN, qwenWindows } from './qwen.ts';
import { textTower } from './text_tower.ts';
import { boolean } from '../config_fields.ts';

/** Images turn along three axes, as mrope_section cuts a head; all axes of a text are its positions. */
const ALONG_AXES: RopeOptions = {
  aliases: { mrope: 'default' },
  harmless: ['mrope_section', 'mrope_interleaved'],
};

/** What the language model within Qwen2.5-VL is read by: Qwen2's, with other defaults. */
const qwen25VlText: Family = {
  architectures: ['Qwen2_5_VLTextModel'],
  model_type: 'qwen2_5_vl_text',
  parse: (fields) =>
    llamaLike(
      fields,
      {
        ...QWEN,
        vocab_size: 152064,
        intermediate_size: 29568,
        num_hidden_layers: 80,
        num_attention_heads: 64,
        num_key_value_heads: 8,
        rms_norm_eps: 1e-5,
        rope_theta: 1e6,
        eos_token_id: 151645,
      },
      { qkv_bias: true, windows: qwenWindows(fields, { layers: 80, first: 80 }), rope: ALONG_AXES },
    ),
};

/** What that within Qwen3-VL is read by: Qwen3's, with other defaults. */
const qwen3VlText: Family = {
  architectures: ['Qwen3VLTextModel'],
  model_type: 'qwen3_vl_text',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    return llamaLike(
      fields,
      { ...QWEN, head_dim: 128, max_position_embeddings: 128000, rope_theta: 500000 },
      { qkv_bias: bias, o_bias: bias, qk_norm: true, rope: ALONG_AXES },
    );
  },
};

/** Qwen2.5-VL, of which the language model is read (Bai et al. 2025). */
export const qwen25Vl: Family = textTower({
  architectures: ['Qwen2_5_VLForConditionalGeneration'],
  model_type: 'qwen2_5_vl',
  texts: [qwen25VlText],
  flat: true,
  towers: ['model.visual'],
  tie: { missing: false, or_text: true },
});

/** Qwen3-VL, of which the language model is read (Qwen team 2025). */
export const qwen3Vl: Family = textTower({
  architectures: ['Qwen3VLForConditionalGeneration'],
  model_type: 'qwen3_vl',
  texts: [qwen3VlText],
  towers: ['model.visual'],
  tie: { missing: false, or_text: false },
});
