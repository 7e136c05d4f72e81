import { describe, expect, it } from 'vitest';
import { parseLoraConfig } from './lora_config.ts';

const PLAIN = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj', 'v_proj'] };
const parse = (more: Record<string, unknown> = {}) => parseLoraConfig({ ...PLAIN, ...more });
const Q0 = 'model.layers.0.self_attn.q_proj';
const Q10 = 'model.layers.10.self_attn.q_proj';

// Each row: a key, whether PEFT 0.21's get_pattern_key finds it for layer 0's and layer 10's q_proj.
describe('a key of a pattern matches as in PEFT', () => {
  it.each([
    ['q_proj', true, true],
    ['proj', false, false],
    ['self_attn.q_proj', true, true],
    ['layers.0.self_attn.q_proj', true, false],
    ['^model.layers.0.self_attn.q_proj', true, false],
    ['^layers.0.self_attn.q_proj', false, false],
    ['layers\\.\\d+\\.self_attn\\.q_proj', true, true],
    ['layers\\.\\d\\.self_attn\\.q_proj', true, false],
    ['layers.1..self_attn.q_proj', false, true],
    ['.*q_proj', true, true],
    ['[qv]_proj', true, true],
    ['(q|v)_proj$', true, true],
    ['(?P<which>q|k)_proj', true, true],
    ['layers.(0|1).*', true, true],
    ['(?!model).*q_proj', true, true],
    ['\\Amodel.*\\Z', true, true],
    ['self_attn', false, false],
    ['k_proj|q_proj', true, true],
    ['(\\w)\\3_proj', false, false],
  ])('%s', (key, first, tenth) => {
    const config = parse({ alpha_pattern: { [key]: 64 } });
    expect([config.scalingOf(Q0), config.scalingOf(Q10)]).toEqual([first ? 16 : 2, tenth ? 16 : 2]);
    const ranks = parse({ rank_pattern: { [key]: 2 } });
    expect([ranks.rankOf(Q0), ranks.rankOf(Q10)]).toEqual([first ? 2 : 4, tenth ? 2 : 4]);
  });

  it('and the first that does counts', () => {
    expect(parse({ alpha_pattern: { '.*q_proj': 4, q_proj: 400 } }).scalingOf(Q0)).toBe(1);
  });

  it.each([
    '(?i)q_proj',
    'q_proj(?#why)',
    'q++',
    '[]q]_proj',
    'q{,2}_proj',
    '(',
    'q)|(v',
    '\\Qq_proj',
    '(?(1)q|v)',
  ])('or is refused by name: %s', (key) => {
    expect(() => parse({ alpha_pattern: { [key]: 4 } })).toThrow(`alpha_pattern has ${JSON.stringify(key)}`);
  });
});

it('scales by rank, or by its root', () => {
  expect(parse().scalingOf(Q0)).toBe(2);
  expect(parse({ use_rslora: true }).scalingOf(Q0)).toBe(4);
  expect(parse({ use_rslora: true, rank_pattern: { q_proj: 16 } }).scalingOf(Q0)).toBe(2);
  expect(parseLoraConfig({ peft_type: 'LORA' }).scalingOf(Q0)).toBe(1);
});

it('knows which modules have an adapter', () => {
  const targets = (more: object) => [Q0, 'model.layers.0.mlp.up_proj'].map(parse({ ...more }).targets);
  expect(targets({})).toEqual([true, false]);
  expect(targets({ target_modules: 'all-linear' })).toEqual([true, true]);
  expect(targets({ target_modules: '.*_proj', exclude_modules: ['q_proj'] })).toEqual([false, true]);
  expect(targets({ target_modules: 'q_proj' })).toEqual([false, false]);
});

describe('what is not plain LoRA', () => {
  it.each<[string, unknown]>([
    ['peft_type', 'IA3'],
    ['bias', 'lora_only'],
    ['use_dora', true],
    ['use_qalora', true],
    ['lora_bias', true],
    ['layer_replication', [[0, 2]]],
    ['target_parameters', ['experts.gate']],
    ['trainable_token_indices', [3]],
    ['alora_invocation_tokens', [1, 2]],
    ['kasa_config', { beta: 1e-4 }],
    ['arrow_config', { top_k: 3 }],
    ['use_bdlora', { nblocks: 2 }],
    ['velora_config', { num_groups: 64 }],
    ['megatron_config', { a: 1 }],
    ['a_key_of_next_year', 1],
    ...['pissa', 'pissa_niter_16', 'olora', 'loftq', 'corda', 'lora_ga', 'mica'].map(
      (name): [string, unknown] => ['init_lora_weights', name],
    ),
  ])('is refused by name: %s %j', (key, value) => {
    expect(() => parse({ [key]: value })).toThrow(new RegExp(`${key} is .*; supported: `));
  });

  it('is read where it is off, or only an initialization', () => {
    const off = { use_dora: false, kasa_config: null, layer_replication: [], modules_to_save: [], later: '' };
    expect(() => parse({ ...off, later: null })).not.toThrow();
    for (const init_lora_weights of [true, false, null, 'gaussian', 'eva', 'orthogonal'])
      expect(() => parse({ init_lora_weights, eva_config: { rho: 2 } })).not.toThrow();
  });
});
