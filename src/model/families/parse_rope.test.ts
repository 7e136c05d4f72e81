import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config.ts';

const SIZES = { hidden_size: 64, num_attention_heads: 4, num_key_value_heads: 2, num_hidden_layers: 2 };
const ropes = (config: object) => parseConfig({ ...SIZES, ...config }).blocks.map(({ rope }) => rope!);
const rope = (config: object) => ropes(config)[0]!;

describe('yarn', () => {
  const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32768 };
  const qwen = (scaling: object, more = {}) =>
    rope({ model_type: 'qwen2', rope_scaling: { ...yarn, ...scaling }, ...more });

  it('has the factor of attention that its authors give, or that of the file', () => {
    expect(qwen({})).toMatchObject({ beta_fast: 32, beta_slow: 1, truncate: true });
    expect(qwen({})).toMatchObject({ attention_factor: 0.1 * Math.log(4) + 1 });
    expect(qwen({ attention_factor: 1.5 })).toMatchObject({ attention_factor: 1.5 });
    expect(qwen({ mscale: 1, mscale_all_dim: 1 })).toMatchObject({ attention_factor: 1 });
    expect(qwen({ mscale: 2 })).toMatchObject({ attention_factor: 0.1 * Math.log(4) + 1 });
    expect(qwen({ factor: 0.5 })).toMatchObject({ attention_factor: 1 });
  });

  it('takes null as Python does', () => {
    expect(qwen({ truncate: null, beta_fast: null })).toMatchObject({ truncate: false, beta_fast: 32 });
    expect(qwen({ factor: null }, { max_position_embeddings: 65536 })).toMatchObject({ factor: 2 });
    expect(() => qwen({ factor: undefined })).toThrow('factor is missing');
  });

  it('was trained at the length beside it, before its own, or else at the length that the model has', () => {
    const beside = { original_max_position_embeddings: 512 };
    expect(qwen({}, beside)).toMatchObject(beside);
    const none = { original_max_position_embeddings: undefined };
    expect(qwen(none)).toMatchObject({ original_max_position_embeddings: 32768 });
  });
});

describe('longrope', () => {
  const longrope = { type: 'longrope', short_factor: Array(8).fill(1), long_factor: Array(8).fill(2) };
  const phi = (more: object, scaling = {}) =>
    rope({ model_type: 'phi3', rope_scaling: { ...longrope, ...scaling }, ...more });
  const LENGTHS = { max_position_embeddings: 131072, original_max_position_embeddings: 4096 };

  it('has the factor of attention that the two lengths give, or that of the file', () => {
    expect(phi(LENGTHS)).toMatchObject({ attention_factor: Math.sqrt(1 + Math.log(32) / Math.log(4096)) });
    expect(phi(LENGTHS, { attention_factor: 1.25 })).toMatchObject({ attention_factor: 1.25 });
    expect(phi(LENGTHS, { factor: 1 })).toMatchObject({ attention_factor: 1 });
  });

  it('is what Phi-3 has by its older names', () => {
    expect(phi(LENGTHS, { type: 'su' })).toEqual(phi(LENGTHS));
    expect(phi(LENGTHS, { type: 'yarn' })).toEqual(phi(LENGTHS));
  });

  it('goes by the length beside it, which Phi-3 has always', () => {
    const inner = { original_max_position_embeddings: 512 };
    expect(phi({}, inner)).toMatchObject({ original_max_position_embeddings: 4096, recomputed: true });
    expect(rope({ model_type: 'llama', rope_scaling: { ...longrope, ...inner } })).toMatchObject({
      ...inner,
      recomputed: false,
    });
  });

  it('has a factor for each pair that is turned', () => {
    expect(() => phi({ partial_rotary_factor: 0.75 })).toThrow(
      'short_factor is a list of 8; allowed: 6 numbers, one for each pair of a head that is turned.',
    );
    expect(() => phi({}, { long_factor: undefined })).toThrow('long_factor is undefined; allowed: 8 numbers');
  });
});

it('dynamic changes nothing within the length of the model', () => {
  const scaling = { type: 'dynamic', factor: 2 };
  expect(rope({ model_type: 'llama', rope_scaling: scaling })).toEqual(rope({ model_type: 'llama' }));
  expect(() => rope({ model_type: 'llama', rope_scaling: { type: 'dynamic' } })).toThrow('factor is missing');
  // Hunyuan's alpha stretches the base for every length.
  const alpha = rope({ model_type: 'hunyuan_v1_dense', rope_scaling: { ...scaling, alpha: 1000 } });
  expect(alpha).toMatchObject({ rope_type: 'default', rope_theta: 10000 * 1000 ** (16 / 14) });
  expect(() => rope({ model_type: 'llama', rope_scaling: { ...scaling, alpha: 1000 } })).toThrow(
    'rope_scaling.alpha: 1000',
  );
});

describe('ropes by type of layer', () => {
  const olmo = (more: object) =>
    ropes({ model_type: 'olmo3', layer_types: ['sliding_attention', 'full_attention'], ...more });
  const yarn = { rope_type: 'yarn', factor: 8, original_max_position_embeddings: 8192, rope_theta: 1000 };

  it('are nested in rope_parameters, as version 5 writes them', () => {
    const rope_parameters = {
      full_attention: yarn,
      sliding_attention: { rope_type: 'default', rope_theta: 200 },
    };
    expect(olmo({ rope_parameters })).toMatchObject([{ rope_type: 'default', rope_theta: 200 }, yarn]);
  });

  it('are rope_theta and a rope_scaling of the layers without a window, as version 4 wrote them', () => {
    const rope_scaling = { ...yarn, rope_theta: undefined };
    expect(olmo({ rope_scaling, rope_theta: 700 })).toMatchObject([
      // transformers 5 hands rope_theta to the first of the two alone.
      { rope_type: 'default', rope_theta: 500000 },
      { rope_type: 'yarn', rope_theta: 700 },
    ]);
    expect(olmo({})).toMatchObject([{ rope_theta: 500000 }, { rope_theta: 500000 }]);
  });

  it('are nothing else', () => {
    expect(() => olmo({ rope_parameters: { rope_type: 'default', rope_theta: 200 } })).toThrow(
      'config.json says rope_parameters.rope_type: default;',
    );
    expect(() =>
      olmo({ rope_parameters: { full_attention: yarn }, rope_scaling: { type: 'linear', factor: 2 } }),
    ).toThrow('allowed: one of them, or both alike.');
  });
});

it('a class has its own defaults', () => {
  expect(rope({ model_type: 'glm' })).toMatchObject({ rotary_dim: 64, interleaved: true });
  expect(rope({ model_type: 'glm4', head_dim: 16 })).toMatchObject({ rotary_dim: 8, interleaved: true });
  expect(rope({ model_type: 'ernie4_5' })).toMatchObject({
    rope_theta: 500000,
    rotary_dim: 128,
    interleaved: true,
  });
  expect(rope({ model_type: 'ernie4_5', head_dim: null })).toMatchObject({ rotary_dim: 16 });
  expect(rope({ model_type: 'helium', head_dim: 16 })).toMatchObject({
    rope_theta: 100000,
    interleaved: true,
  });
  const [{ query_rope }] = parseConfig({ ...SIZES, model_type: 'ministral3' }).blocks;
  expect(query_rope).toMatchObject({
    rope_type: 'yarn',
    rope_theta: 1e6,
    factor: 16,
    attention_factor: 1,
    original_max_position_embeddings: 16384,
    growing: { beta: 0.1, every: 16384 },
  });
});
