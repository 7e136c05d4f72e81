import { describe, expect, it } from 'vitest';
import example from '../../examples/nf4-vs-fp4.json';
import { toFailure } from '../errors.ts';
import { canonicalJson, parseSpec } from './spec.ts';

const minimal = {
  version: 1,
  model: { source: 'bundled', name: 'nibble-tiny' },
  configs: [{ quant_type: 'nf4' }],
  tasks: [{ task: 'mini_arc' }],
};
const withConfig = (config: unknown) => ({ ...minimal, configs: [config] });

describe('parseSpec', () => {
  it('takes the examples as they are', () => {
    expect(parseSpec(example)).toEqual(example);
  });

  it('fills in defaults', () => {
    expect(parseSpec(minimal)).toEqual({
      ...minimal,
      title: '',
      seed: 0,
      configs: [{ quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' }],
    });
    expect(parseSpec(withConfig({ quant_type: 'int8' })).configs[0]).toMatchObject({ granularity: 'row' });
  });

  it.each([
    [withConfig({ quant_type: 'nf4', blocksize: 48 }), 'configs[0].blocksize is 48; allowed: 32, 64, 128'],
    [withConfig({ quant_type: 'nf5' }), 'configs[0].quant_type is "nf5"; allowed: "none", "nf4"'],
    [withConfig({}), 'configs[0].quant_type is missing; allowed: "none", "nf4"'],
    [
      withConfig({ quant_type: 'nf4', group_size: 64 }),
      'configs[0].group_size is an unknown key; allowed: quant_type, blocksize',
    ],
    [
      withConfig({ quant_type: 'none', blocksize: 64 }),
      'configs[0].blocksize is an unknown key; allowed: quant_type, compute_dtype.',
    ],
    [
      withConfig({ quant_type: 'custom', code: [1, 2] }),
      'configs[0].code[1] is 2; allowed: a number in [-1, 1].',
    ],
    [withConfig({ quant_type: 'custom', code: [1] }), 'configs[0].code is [1]; allowed: sixteen numbers.'],
    [withConfig('nf4'), 'configs[0] is "nf4"; allowed:'],
    [{ ...minimal, configs: [] }, 'configs is []; allowed: at least one configuration.'],
    [
      { ...minimal, configs: [{ quant_type: 'nf4' }, { quant_type: 'nf4', blocksize: 64 }] },
      'configs[1] repeats configs[0]; allowed: each once.',
    ],
    [{ ...minimal, tasks: [{ task: 'mmlu_pro' }] }, 'tasks[0].task is "mmlu_pro"; allowed: "mini_arc"'],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', limit: 0 }] },
      'tasks[0].limit is 0; allowed: a whole number from 1 to 1000000.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_text', apply_chat_template: true }] },
      'tasks[0].apply_chat_template is true; allowed: with a task that asks by a prompt.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_news', system_instruction: 'Be brief.' }] },
      'tasks[0].system_instruction is "Be brief."; allowed: with a task that asks by a prompt.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', fewshot_as_multiturn: false }] },
      'tasks[0].fewshot_as_multiturn is false; allowed: with apply_chat_template.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', apply_chat_template: 'llama' }] },
      'tasks[0].apply_chat_template is "llama"; allowed: true or false.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', limit: 1.5 }] },
      'tasks[0].limit is 1.5; allowed: a whole number',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', limit: 5, doc_ids: [1] }] },
      'tasks[0] has both limit and doc_ids; allowed: one of them.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', shots: 5 }] },
      'tasks[0].shots is an unknown key; allowed: task, split, limit, doc_ids, num_fewshot, file, apply_chat_template, fewshot_as_multiturn, system_instruction.',
    ],
    [{ ...minimal, seed: -1 }, 'seed is -1; allowed: a whole number from 0 to 4294967295.'],
    [{ ...minimal, version: 2 }, 'version is 2; allowed: 1.'],
    [
      { ...minimal, sead: 1 },
      'sead is an unknown key; allowed: version, title, model, configs, tasks, seed, on_error.',
    ],
    [
      { ...minimal, model: { source: 'hub', repo: '../../etc' } },
      'model.repo is "../../etc"; allowed: a Hub repository, owner/name.',
    ],
    ...['./api', '../b', 'a/.', 'a/.git'].map((repo): [unknown, string] => [
      { ...minimal, model: { source: 'hub', repo } },
      `model.repo is "${repo}"; allowed: a Hub repository, owner/name.`,
    ]),
    ...['..', '.', 'a..b'].map((revision): [unknown, string] => [
      { ...minimal, model: { source: 'hub', repo: 'a/b', revision } },
      `model.revision is "${revision}"; allowed: a branch, tag or commit, without ".."`,
    ]),
    [
      { ...minimal, model: { source: 'hub', repo: 'a/b', revision: 'x/../y' } },
      'model.revision is "x/../y"; allowed: a branch',
    ],
    [
      { ...minimal, model: { source: 'bundled', name: 'gpt2' } },
      'model.name is "gpt2"; allowed: "nibble-tiny", "nibble-news".',
    ],
    [{ ...minimal, model: { source: 'ftp' } }, 'model.source is "ftp"; allowed: "bundled", "hub", "local".'],
    [{ ...minimal, title: 'x'.repeat(201) }, 'allowed: at most 200 characters.'],
    [{ ...minimal, title: 'a\nb' }, 'title is "a\\nb"; allowed: one line, without control characters.'],
    [{ ...minimal, title: 'a\u202eb' }, 'allowed: one line, without control characters.'],
    [
      { ...minimal, model: { source: 'local', name: 'x\nimport os' } },
      'model.name is "x\\nimport os"; allowed: one line',
    ],
    [null, 'The spec is null; allowed: an object.'],
    [[], 'allowed: an object.'],
  ])('refuses %#: %j', (json, message) => {
    let failure;
    try {
      parseSpec(json);
    } catch (error) {
      failure = toFailure(error);
    }
    expect(failure?.code).toBe('bad-spec');
    expect(failure?.message).toContain(message);
  });

  it('is not fooled by a prototype key', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "version": 1}');
    expect(() => parseSpec(hostile)).toThrow('allowed');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
    expect(canonicalJson({ a: null, b: [{ c: 2, d: 1 }] })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });
});
