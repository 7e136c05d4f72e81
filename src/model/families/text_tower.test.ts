import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config.ts';

const TEXT = {
  model_type: 'qwen2_5_vl_text',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] },
  vocab_size: 100,
};
const OUTER = {
  architectures: ['Qwen2_5_VLForConditionalGeneration'],
  model_type: 'qwen2_5_vl',
  image_token_id: 99,
  vision_config: { depth: 2, hidden_size: 32 },
};

describe('the language model within one of images', () => {
  it('is read from text_config, or from beside vision_config where older versions wrote it', () => {
    const nested = parseConfig({ ...OUTER, text_config: TEXT });
    expect(nested.blocks[0].rope).toMatchObject({ rope_type: 'default', rope_theta: 1e6, rotary_dim: 16 });
    expect(nested.names.prefixes[0]).toBe('model.language_model.');
    expect(parseConfig({ ...TEXT, ...OUTER })).toEqual(nested);
    // Some versions wrote both.
    expect(parseConfig({ ...TEXT, ...OUTER, text_config: TEXT })).toEqual(nested);
  });

  it('has no field unread', () => {
    const told =
      (text: object, outer = {}) =>
      () =>
        parseConfig({ ...OUTER, ...outer, text_config: { ...TEXT, ...text } });
    expect(told({ is_causal: false })).toThrow('is_causal: false; Nibble computes causal attention only.');
    expect(told({ sinks: 4 })).toThrow('config.json says text_config.sinks: 4; Nibble knows no such field');
    expect(told({}, { depth_of_thought: 2 })).toThrow('config.json says depth_of_thought: 2;');
    // transformers goes by text_config, which says something else.
    expect(told({}, { hidden_size: 32 })).toThrow('config.json says hidden_size: 32;');
    expect(told({ torch_dtype: 'bfloat16', use_cache: true })).not.toThrow();
  });

  it('ties its head as the outer config says, or the inner one where transformers looks there', () => {
    const tied = (outer: object, text: object) =>
      parseConfig({ ...OUTER, ...outer, text_config: { ...TEXT, ...text } }).tie_word_embeddings;
    expect(tied({}, {})).toBe(false);
    expect(tied({ tie_word_embeddings: true }, {})).toBe(true);
    expect(tied({}, { tie_word_embeddings: true })).toBe(true);
    const qwen3 = { architectures: ['Qwen3VLForConditionalGeneration'], model_type: 'qwen3_vl' };
    expect(tied({ ...qwen3, text_config: {} }, { tie_word_embeddings: true, rope_scaling: null })).toBe(
      false,
    );
  });

  it('must be there', () => {
    const { model_type, architectures } = { model_type: 'qwen3_vl', architectures: undefined };
    expect(() => parseConfig({ ...OUTER, model_type, architectures })).toThrow(
      'config.json: text_config is missing; allowed: an object.',
    );
  });
});
