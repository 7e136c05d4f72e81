import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config.ts';
import { blockLayers } from '../footprint.ts';
import { linearModules } from '../modules.ts';
import { embeddingFactor } from '../embedding_factor.ts';

const SIZES = { hidden_size: 3072, num_hidden_layers: 2, num_attention_heads: 16 };

describe('Gemma', () => {
  const gemma = { ...SIZES, model_type: 'gemma' };
  const gemma2 = { ...SIZES, model_type: 'gemma2' };

  it('multiplies embeddings by √hidden, rounded to the dtype of the model', () => {
    const config = parseConfig(gemma);
    expect(embeddingFactor(config, 'bfloat16')).toBe(55.5);
    expect(embeddingFactor(config, 'float16')).toBe(55.4375);
    expect(embeddingFactor(config, 'float32')).toBe(Math.fround(Math.sqrt(3072)));
  });

  it('means the tanh form where its early releases say gelu', () => {
    const activation = (json: object) => parseConfig(json).blocks[0].activation;
    expect(activation(gemma)).toBe('gelu_tanh');
    expect(activation({ ...gemma, hidden_act: 'gelu', hidden_activation: null })).toBe('gelu_tanh');
    expect(activation({ ...gemma, hidden_act: 'gelu_python' })).toBe('gelu');
    expect(activation({ ...gemma2, hidden_activation: 'gelu' })).toBe('gelu');
  });

  it('bounds scores and logits as its class does, unless config.json says null', () => {
    const bounds = (json: object) => {
      const { blocks, logit_softcap } = parseConfig(json);
      return [blocks[0].attention_softcap, logit_softcap];
    };
    expect(bounds(gemma)).toEqual([undefined, undefined]);
    expect(bounds(gemma2)).toEqual([50, 30]);
    expect(bounds({ ...gemma2, attn_logit_softcapping: null, final_logit_softcapping: null })).toEqual([
      undefined,
      undefined,
    ]);
    expect(() => bounds({ ...gemma2, final_logit_softcapping: 0 })).toThrow(
      'config.json: final_logit_softcapping is 0; allowed: a number from 0.001 to 1000000.',
    );
  });

  it('scales scores by query_pre_attn_scalar, not by the width of a head', () => {
    const scale = (json: object) => parseConfig({ ...gemma2, ...json }).blocks[0].attention_scale;
    expect(scale({ head_dim: 64 })).toBe(1 / 16);
    expect(scale({ query_pre_attn_scalar: 144 })).toBe(1 / 12);
  });

  it.each([gemma, gemma2])('is refused where tokens see those behind them, %#', (json) => {
    expect(() => parseConfig({ ...json, use_bidirectional_attention: true })).toThrow(
      'config.json: use_bidirectional_attention is true; supported: false.',
    );
  });
});

describe('Gemma 3', () => {
  const gemma3 = { ...SIZES, model_type: 'gemma3_text', num_hidden_layers: 12 };
  const layers = (json: object) =>
    parseConfig({ ...gemma3, ...json }).blocks.map(({ window, rope }) => [window, rope]);

  it('looks back on all tokens in every sixth layer, and turns there by a theta of its own', () => {
    const turned = { rope_type: 'default', rotary_dim: 256, interleaved: false };
    const [first, , , , , sixth] = layers({
      rope_theta: 2e6,
      rope_local_base_freq: 5e3,
      sliding_window: 512,
    });
    expect(first).toEqual([512, { ...turned, rope_theta: 5e3 }]);
    expect(sixth).toEqual([undefined, { ...turned, rope_theta: 2e6 }]);
    expect(layers({})[0]).toEqual([4096, { ...turned, rope_theta: 1e4 }]);
    expect(layers({ sliding_window_pattern: 2 })[1]).toEqual([undefined, { ...turned, rope_theta: 1e6 }]);
  });

  it('scales the rope of layers without a window alone', () => {
    const [first, , , , , sixth] = layers({ rope_scaling: { factor: 8, rope_type: 'linear' } });
    expect(first).toMatchObject([4096, { rope_type: 'default' }]);
    expect(sixth).toMatchObject([undefined, { rope_type: 'linear', rope_theta: 1e6, factor: 8 }]);
  });

  it('bounds logits where it stands by itself, not within a model of images', () => {
    const text_config = { ...gemma3, final_logit_softcapping: 20 };
    expect(parseConfig(text_config).logit_softcap).toBe(20);
    expect(parseConfig({ model_type: 'gemma3', text_config }).logit_softcap).toBe(0);
  });
});

describe('Granite', () => {
  it('multiplies by 1 what config.json names no factor of, scores too', () => {
    const { blocks, ...config } = parseConfig({ ...SIZES, model_type: 'granite' });
    expect(blocks[0].attention_scale).toBe(1);
    expect([embeddingFactor(config, 'bfloat16'), config.residual_scale, config.logit_scale]).toEqual([
      1, 1, 1,
    ]);
  });

  it('divides logits, and rounds no factor of embeddings', () => {
    const fields = { model_type: 'granite', logits_scaling: 8, embedding_multiplier: 12.3 };
    const config = parseConfig({ ...SIZES, ...fields });
    expect(config.logit_scale).toBe(0.125);
    expect(embeddingFactor(config, 'bfloat16')).toBe(12.3);
  });

  const dense = {
    ...SIZES,
    model_type: 'granitemoehybrid',
    num_local_experts: 0,
    layer_types: ['attention', 'attention'],
    shared_intermediate_size: 512,
  };

  it('4 has the width of its one expert that all share', () => {
    const { intermediate_size, blocks } = parseConfig({ ...dense, intermediate_size: 8192 });
    expect(intermediate_size).toBe(512);
    expect(blocks[0].rope).toMatchObject({ rotary_dim: 0 });
    const turned = parseConfig({ ...dense, position_embedding_type: 'rope' });
    expect(turned.blocks[0].rope).toMatchObject({ rotary_dim: 192 });
  });

  it('4 names the layers of its MLP as it has them', () => {
    const config = parseConfig(dense);
    const layers = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'input_linear', 'output_linear'];
    expect(blockLayers(config)).toEqual(layers);
    expect(blockLayers(config, ['up'])).toEqual(['input_linear']);
    expect(linearModules(config)[4]).toMatchObject({
      name: 'model.layers.0.shared_mlp.input_linear',
      rows: 2 * 512,
      columns: 3072,
    });
  });

  it.each([
    [{ num_local_experts: 32 }, 'num_local_experts is 32'],
    [{ num_local_experts: undefined }, 'num_local_experts is 8'],
    [{ layer_types: ['mamba', 'attention'] }, 'layers are of type mamba'],
    [
      { layer_types: undefined, layers_block_type: ['attention', 'linear_attention'] },
      'layers are of type linear_attention',
    ],
    [{ layer_types: undefined }, 'layers are of type mamba'],
  ])('4 is refused with experts or state-space layers, %#', (fields, found) => {
    expect(() => parseConfig({ ...dense, ...fields })).toThrow(found);
    expect(() => parseConfig({ ...dense, ...fields })).toThrow('without experts are supported');
  });
});

it('Arcee squares a relu of its one matrix, without a gate', () => {
  const [block] = parseConfig({ ...SIZES, num_attention_heads: 24, model_type: 'arcee' }).blocks;
  expect(block.activation).toBe('relu2');
  expect(block.linears.flatMap(({ roles }) => roles)).toEqual(['q', 'k', 'v', 'o', 'up', 'down']);
});

it('GPT-2 scales the scores of each layer as its two switches say', () => {
  const scales = (fields: object) =>
    parseConfig({ model_type: 'gpt2', n_layer: 3, ...fields }).blocks.map(
      ({ attention_scale }) => attention_scale,
    );
  expect(scales({})).toEqual([1 / 8]);
  expect(scales({ scale_attn_weights: false })).toEqual([1]);
  expect(scales({ scale_attn_by_inverse_layer_idx: true })).toEqual([1 / 8, 1 / 16, 1 / 24]);
});
