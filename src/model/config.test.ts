import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.ts';
import { encodePair } from './causal_lm.ts';
import { rollingWindows } from './rolling_windows.ts';
import { inverseFrequencies, ropeTurns } from './rope.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

const LLAMA_1B = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 64,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  eos_token_id: [128001, 128008, 128009],
};

it('reads both layouts of transformers to the same', () => {
  const { rope_theta, rope_scaling, torch_dtype, ...rest } = LLAMA_1B;
  const v5 = { ...rest, dtype: torch_dtype, rope_parameters: { ...rope_scaling, rope_theta } };
  expect(parseConfig(v5)).toEqual(parseConfig(LLAMA_1B));
  expect(parseConfig(LLAMA_1B)).toMatchObject({
    blocks: [{ rope: { rope_type: 'llama3', rope_theta: 500000, factor: 32 } }],
  });
  expect(parseConfig(LLAMA_1B).eos_token_ids).toEqual([128001, 128008, 128009]);
});

it('fills in what old configs leave out', () => {
  const { head_dim, num_key_value_heads, rope_scaling, ...old } = LLAMA_1B;
  expect(parseConfig(old)).toMatchObject({
    head_dim,
    num_key_value_heads: 32,
    blocks: [{ rope: { rope_type: 'default' } }],
  });
  expect([num_key_value_heads, rope_scaling.factor]).toEqual([8, 32]);
});

it.each([
  [[], 'config.json is not a JSON object.'],
  [{}, 'config.json names no architecture; supported: LlamaForCausalLM'],
  [
    { ...LLAMA_1B, architectures: ['FabledModel'] },
    'The model is a FabledModel; supported: LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM',
  ],
  [{ ...LLAMA_1B, hidden_act: 'mish' }, 'config.json: hidden_act is mish; supported: silu, '],
  [{ ...LLAMA_1B, num_hidden_layers: 513 }, 'num_hidden_layers is 513; allowed: a number from 1 to 512.'],
  [
    { ...LLAMA_1B, num_hidden_layers: 1.5 },
    'num_hidden_layers is 1.5; allowed: a whole number from 1 to 512.',
  ],
  [{ ...LLAMA_1B, hidden_size: undefined }, 'hidden_size is missing; allowed: a number from 4 to 65536.'],
  [{ ...LLAMA_1B, vocab_size: '7' }, 'vocab_size is "7"; allowed: a number'],
  [
    { ...LLAMA_1B, num_key_value_heads: 5 },
    'num_attention_heads is 32, which is no multiple of num_key_value_heads, 5.',
  ],
  [{ ...LLAMA_1B, intermediate_size: 8190 }, 'intermediate_size is 8190; it must be a multiple of 4.'],
  [{ ...LLAMA_1B, head_dim: 512 }, 'head_dim is 512; allowed: a number from 4 to 256.'],
  [{ ...LLAMA_1B, tie_word_embeddings: 'yes' }, 'tie_word_embeddings is "yes"; allowed: true or false.'],
  [
    { ...LLAMA_1B, rope_scaling: { rope_type: 'axial' } },
    'rope_type is axial; supported: default, linear, llama3, dynamic, yarn, longrope.',
  ],
])('refuses %#', (json, message) => {
  expect(() => parseConfig(json)).toThrow(message);
});

const { rope_scaling: LLAMA3, ...LLAMA_1B_PLAIN } = LLAMA_1B;
const TYPED = { ...LLAMA_1B_PLAIN, model_type: 'llama' };

describe('knows a model by its model_type', () => {
  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', []],
    ['an older name', ['LLaMAForCausalLM']],
    ["a fork's name", ['YiForCausalLM']],
    ['the base model', ['LlamaModel']],
    ['a name of someone', ['MiniLlama']],
    ['in other letters', ['llamaforcausallm']],
  ])('where architectures is %s', (_, architectures) => {
    expect(parseConfig({ ...TYPED, architectures })).toEqual(parseConfig(LLAMA_1B_PLAIN));
  });

  it.each(['mistral', 'qwen2', 'qwen3'])('%s', (model_type) => {
    const { architecture } = parseConfig({ ...TYPED, architectures: undefined, model_type });
    expect(architecture.toLowerCase()).toBe(`${model_type}forcausallm`);
  });

  it('and goes by it where the architecture is that of another family', () => {
    expect(parseConfig({ ...TYPED, model_type: 'qwen2' }).architecture).toBe('Qwen2ForCausalLM');
  });

  it.each(['LlamaForTokenClassification', 'LlamaBidirectionalModel', 'LlamaForRewardModel'])(
    'but not %s, which has another head or other attention',
    (name) => {
      expect(() => parseConfig({ ...TYPED, architectures: [name] })).toThrow(`The model is a ${name};`);
    },
  );
});

describe('gives absent fields the defaults of transformers 5.24', () => {
  const sized = { hidden_size: 4096 };
  // AutoConfig.for_model(model_type, hidden_size=4096), and its head_dim as the model's attention has it.
  it.each([
    ['llama', [32000, 11008, 32, 32, 32, 128, 2048, 1e-6, [2], undefined]],
    ['mistral', [32000, 14336, 32, 32, 8, 128, 131072, 1e-6, [2], 4096]],
    ['qwen2', [151936, 22016, 32, 32, 32, 128, 32768, 1e-6, [], undefined]],
    ['qwen3', [151936, 22016, 32, 32, 32, 128, 32768, 1e-6, [], undefined]],
    ['gpt2', [50257, 3072, 12, 12, 12, 64, 1024, 1e-5, [50256], undefined]],
  ])('%s', (model_type, expected) => {
    const config = parseConfig(model_type === 'gpt2' ? { model_type } : { ...sized, model_type });
    expect([
      config.vocab_size,
      config.intermediate_size,
      config.num_hidden_layers,
      config.num_attention_heads,
      config.num_key_value_heads,
      config.head_dim,
      config.max_position_embeddings,
      config.norm.eps,
      config.eos_token_ids,
      config.blocks[0].window,
    ]).toEqual(expected);
  });

  it('null heads of keys are as many as there are heads, and a null window none', () => {
    const config = parseConfig({
      ...sized,
      model_type: 'mistral',
      num_key_value_heads: null,
      sliding_window: null,
    });
    expect([config.num_key_value_heads, config.blocks[0].window]).toEqual([32, undefined]);
  });

  it('Qwen3 has heads of 128 whatever its width', () => {
    expect(parseConfig({ hidden_size: 1024, model_type: 'qwen3' }).head_dim).toBe(128);
    expect(parseConfig({ hidden_size: 1024, model_type: 'qwen2' }).head_dim).toBe(32);
  });

  it('llama3 rope was trained at the length that the model has', () => {
    const { original_max_position_embeddings, ...scaling } = LLAMA3;
    expect(original_max_position_embeddings).toBe(8192);
    expect(parseConfig({ ...LLAMA_1B, rope_scaling: scaling }).blocks[0].rope).toMatchObject({
      original_max_position_embeddings: 131072,
    });
  });
});

it('takes other names of the same function', () => {
  expect(parseConfig({ ...LLAMA_1B, hidden_act: 'swish' })).toEqual(parseConfig(LLAMA_1B));
  const gelu = { model_type: 'gpt2', activation_function: 'gelu_pytorch_tanh' };
  expect(parseConfig(gelu)).toEqual(parseConfig({ model_type: 'gpt2' }));
  expect(parseConfig({ ...gelu, activation_function: 'gelu' }).blocks[0].activation).toBe('gelu');
  expect(() => parseConfig({ ...gelu, activation_function: 'gelu_10' })).toThrow(
    /^config\.json: activation_function is gelu_10; supported: silu, swish, gelu, .*, quick_gelu\.$/,
  );
});

describe("fields by their common names, where a class has its own (transformers' attribute_map)", () => {
  const gpt2 = (fields: object) => parseConfig({ model_type: 'gpt2', ...fields });

  it('are taken, and go before the own', () => {
    const common = {
      hidden_size: 64,
      num_attention_heads: 4,
      num_hidden_layers: 3,
      max_position_embeddings: 99,
    };
    const own = { n_embd: 64, n_head: 4, n_layer: 3, n_positions: 99 };
    expect(gpt2(common)).toEqual(gpt2(own));
    expect(gpt2({ ...own, hidden_size: 32 })).toMatchObject({ hidden_size: 32, num_hidden_layers: 3 });
    // No name of n_inner, which is then four times the hidden size.
    expect(gpt2({ ...common, intermediate_size: 80 }).intermediate_size).toBe(256);
  });

  it('are fields that nobody knows in a class that has no such name', () => {
    expect(() => parseConfig({ ...LLAMA_1B, n_embd: 64 })).toThrow('config.json says n_embd: 64');
  });
});

describe('windows by layer', () => {
  const qwen = {
    model_type: 'qwen2',
    hidden_size: 256,
    num_hidden_layers: 4,
    sliding_window: 8,
    max_window_layers: 2,
  };
  const windows = (fields: object) => parseConfig({ ...qwen, ...fields }).blocks.map(({ window }) => window);

  it('are unused unless config.json says so', () => {
    expect(windows({})).toEqual([undefined]);
    expect(windows({ use_sliding_window: true, max_window_layers: 4 })).toEqual([undefined]);
    expect(windows({ use_sliding_window: true, sliding_window: null })).toEqual([undefined]);
  });

  it('are those of the layers above max_window_layers, or of layer_types', () => {
    expect(windows({ use_sliding_window: true })).toEqual([undefined, undefined, 8, 8]);
    expect(windows({ use_sliding_window: true, max_window_layers: 0 })).toEqual([8]);
    const layer_types = ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'];
    expect(windows({ use_sliding_window: true, layer_types })).toEqual([8, undefined, 8, undefined]);
    expect(() => windows({ layer_types })).toThrow(
      'layer 0 sliding_attention, but no sliding_window is in use.',
    );
    expect(() => windows({ layer_types: ['full_attention'] })).toThrow('allowed: 4 of full_attention or');
    expect(() => parseConfig({ model_type: 'mistral', hidden_size: 256, layer_types })).toThrow(
      'layer_types has full_attention, but sliding_window makes all layers sliding_attention.',
    );
  });
});

describe('rope_scaling beside rope_parameters', () => {
  const rope_parameters = { rope_type: 'default', rope_theta: 500000 };
  const rope = (fields: object) => parseConfig({ ...LLAMA_1B_PLAIN, ...fields }).blocks[0].rope;

  it('says the same, or is refused', () => {
    expect(rope({ rope_parameters, rope_scaling: null })).toMatchObject(rope_parameters);
    expect(rope({ rope_parameters: LLAMA3, rope_scaling: LLAMA3 })).toMatchObject({ factor: 32 });
    expect(() => rope({ rope_parameters, rope_scaling: { type: 'linear', factor: 2 } })).toThrow(
      'rope_scaling is {"type":"linear","factor":2}, but rope_parameters is {"rope_type":"default","rope_theta":500000}; allowed: one of them, or both alike.',
    );
  });
});

describe('the part of a head that is turned', () => {
  const phi = { model_type: 'phi3', hidden_size: 256, num_attention_heads: 4 };
  const turned = (fields: object) => parseConfig({ ...phi, ...fields }).blocks[0].rope!.rotary_dim;

  it('is all of it, or as partial_rotary_factor says, inside before beside', () => {
    expect(turned({})).toBe(64);
    expect(turned({ partial_rotary_factor: 0.75 })).toBe(48);
    expect(turned({ rope_parameters: { partial_rotary_factor: 0.5, rope_theta: 1e4 } })).toBe(32);
    const rope_scaling = { type: 'default', partial_rotary_factor: 0.5 };
    expect(turned({ partial_rotary_factor: 0.75, rope_scaling })).toBe(32);
    expect(turned({ partial_rotary_factor: 0.75, rope_scaling: { type: 'default' } })).toBe(48);
  });

  it('is even, and of a class that turns whole heads all of it', () => {
    expect(() => turned({ partial_rotary_factor: 0.52 })).toThrow(
      'partial_rotary_factor is 0.52, which turns 33 of the 64 components of a head; supported: an even number from 2.',
    );
    expect(() => parseConfig({ ...LLAMA_1B, partial_rotary_factor: 0.5 })).toThrow(
      'partial_rotary_factor is 0.5; supported: 1.',
    );
  });
});

describe('leaves no field unread', () => {
  it.each([
    [{ is_causal: false }, 'config.json says is_causal: false; Nibble computes causal attention only.'],
    [
      { logit_scale: 0.5 },
      'config.json says logit_scale: 0.5; Nibble knows no such field of a LlamaForCausalLM',
    ],
    [{ sliding_window: 4096 }, 'config.json says sliding_window: 4096; Nibble knows no such field'],
    [
      { rope_scaling: { ...LLAMA3, mrope_section: [1] } },
      'config.json says rope_scaling.mrope_section: [1];',
    ],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor is 0.5; supported: 1.'],
    [{ toString: 7 }, 'config.json says toString: 7;'],
  ])('%j', (fields, message) => {
    expect(() => parseConfig({ ...LLAMA_1B, ...fields })).toThrow(message);
  });

  it('but takes those that ask for nothing, or change no number', () => {
    const more = {
      new_field: null,
      other: false,
      none: [],
      empty: {},
      use_cache: true,
      attention_dropout: 0.1,
    };
    expect(parseConfig({ ...LLAMA_1B, ...more })).toEqual(parseConfig(LLAMA_1B));
  });
});

const WHOLE = { rope_type: 'default', interleaved: false } as const;

it('slows only the slow turns of llama3', () => {
  const { rope } = parseConfig(LLAMA_1B).blocks[0];
  const plain = inverseFrequencies({ ...WHOLE, rotary_dim: 64, rope_theta: 500000 }, 1);
  const scaled = inverseFrequencies(rope!, 1);
  expect(scaled[0]).toBe(plain[0]);
  expect(scaled[31]).toBe(Math.fround(plain[31]! / 32));
  // Wavelengths between 2048 and 8192 are blended.
  const blended = [...plain.keys()].filter(
    (i) => scaled[i] !== plain[i] && scaled[i] !== Math.fround(plain[i]! / 32),
  );
  expect(blended.length).toBeGreaterThan(0);
  expect(blended.every((i) => scaled[i]! < plain[i]! && scaled[i]! > plain[i]! / 32)).toBe(true);
});

it('turns position 0 by nothing', () => {
  const turns = ropeTurns({ ...WHOLE, rotary_dim: 8, rope_theta: 10000 }, { positions: [0, 1], length: 2 });
  expect([...turns.slice(0, 8)]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  expect(turns[8]).toBeCloseTo(Math.cos(1), 6);
});

it('cuts a text into windows as the harness does', () => {
  const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  // lm_eval.utils: [make_disjoint_window(w) for w in get_rolling_token_windows(ids, 100, 4, 1)], version 0.4.13.
  expect(rollingWindows(ids, 100, 4)).toEqual([
    { context: [100], continuation: [1, 2, 3, 4] },
    { context: [4], continuation: [5, 6, 7, 8] },
    { context: [6, 7, 8], continuation: [9, 10] },
  ]);
  expect(rollingWindows([1, 2], 100, 4)).toEqual([{ context: [100], continuation: [1, 2] }]);
  expect(rollingWindows([], 100, 4)).toEqual([]);
});

/** One id a character; two spaces in a row are one token, so the split of context and continuation shows. */
const letters: Tokenizer = {
  encode: (text) =>
    [...text.matchAll(/ {2}|./gs)].map(([piece]) => piece.charCodeAt(0) + 1000 * (piece.length - 1)),
  decode: (ids) => String.fromCharCode(...ids),
  parts: () => true,
  prefix_token_id: 0,
  eos: undefined,
  bos_in_front: false,
  warnings: [],
  version_4_notes: [],
};

it('moves the spaces at the end of a context to the continuation', () => {
  const { context, continuation } = encodePair(letters, 'a ', ' b');
  expect(context).toEqual(letters.encode('a'));
  expect(continuation).toEqual(letters.encode('  b'));
});

it('takes the prefix token for an empty context', () => {
  expect(encodePair(letters, '', 'b')).toEqual({ context: [0], continuation: letters.encode('b') });
  const starting = { ...letters, encode: () => [0, 7] };
  expect(encodePair(starting, '', 'b')).toEqual({ context: [0], continuation: [7] });
});
