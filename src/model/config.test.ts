import { expect, it } from 'vitest';
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
    { ...LLAMA_1B, architectures: ['BertModel'] },
    'The model is a BertModel; supported: LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM',
  ],
  [{ ...LLAMA_1B, hidden_act: 'gelu' }, 'config.json: hidden_act is gelu; supported: silu.'],
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
    { ...LLAMA_1B, rope_scaling: { rope_type: 'yarn' } },
    'rope_type is yarn; supported: default, linear, llama3.',
  ],
])('refuses %#', (json, message) => {
  expect(() => parseConfig(json)).toThrow(message);
});

it('slows only the slow turns of llama3', () => {
  const { rope } = parseConfig(LLAMA_1B).blocks[0];
  const plain = inverseFrequencies({ rope_type: 'default', rope_theta: 500000 }, 64);
  const scaled = inverseFrequencies(rope!, 64);
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
  const turns = ropeTurns({ rope_type: 'default', rope_theta: 10000 }, 8, [0, 1]);
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
  prefix_token_id: 0,
  eos: undefined,
  bos_in_front: false,
  version_4_note: undefined,
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
