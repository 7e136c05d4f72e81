import { describe, expect, it } from 'vitest';
import example from '../../examples/nf4-vs-fp4.json';
import { toFailure } from '../errors.ts';
import { decodeSpec, encodeSpec } from './permalink.ts';
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
      { ...minimal, tasks: [{ task: 'mini_arc', limit: 1.5 }] },
      'tasks[0].limit is 1.5; allowed: a whole number',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', limit: 5, doc_ids: [1] }] },
      'tasks[0] has both limit and doc_ids; allowed: one of them.',
    ],
    [
      { ...minimal, tasks: [{ task: 'mini_arc', shots: 5 }] },
      'tasks[0].shots is an unknown key; allowed: task, split, limit, doc_ids, num_fewshot, file.',
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

describe('links', () => {
  it('carry a spec there and back', async () => {
    const spec = parseSpec(example);
    const text = await encodeSpec(spec);
    expect(text).toMatch(/^1\.[\w-]+$/);
    expect(text.length).toBeLessThan(600);
    expect(await decodeSpec(text)).toEqual(spec);
  });

  it('open for ever', async () => {
    // Written by version 0.1.0.
    const link =
      '1.fY6xTsQwEER_JZraJ0hySMglxYmCo4EOochxNmF1jjcX24cgyr8j56go6FazTzNvwYXmwOKhS4XI0RE0ng_7wsQifkrROrGnIvA3BSiM0pGD' +
      'XhAkzTajH6mFwkyTQOMxDQP74WAsvT7cvIzino7Vrqzvjhtz4esSRsMeq4IV3_MQoN8WnJPxsYlfU2714gn5P04pUtP9xr0TE-sKq_rL93sobK5Z' +
      'Fbqs7hU6Sa2jZiOhe-MC_dP5rhBNOF1t8pVF2XNjZgsFxyNH6Oo2g4Gog67XHw';
    expect(await decodeSpec(link)).toEqual({
      version: 1,
      title: 'NF4 at two block sizes',
      model: { source: 'hub', repo: 'HuggingFaceTB/SmolLM2-135M', revision: 'main' },
      configs: [
        { quant_type: 'none', compute_dtype: 'float32' },
        { quant_type: 'nf4', blocksize: 128, double_quant: false, compute_dtype: 'float32' },
      ],
      tasks: [{ task: 'mini_arc', limit: 20 }],
      seed: 3,
    });
  });

  it.each([
    ['', 'not one of ours'],
    ['7.abc', 'The link is of form 7, which is newer than this page; allowed: form 1.'],
    ['hello', 'not one of ours'],
    ['1.%%%', 'damaged'],
    ['1.AAAA', 'damaged'],
    ['1.' + 'A'.repeat(20000), 'The link has 20002 characters; allowed: 16384.'],
  ])('refuse %j', async (text, message) => {
    await expect(decodeSpec(text)).rejects.toThrow(message);
  });

  it('refuse a truncated one', async () => {
    const text = await encodeSpec(parseSpec(example));
    await expect(decodeSpec(text.slice(0, -20))).rejects.toThrow('damaged');
  });

  it('refuse one that unfolds to a gigabyte before it does', async () => {
    const bomb = new Blob([new Uint8Array(5e6)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    const bytes = Buffer.from(await new Response(bomb).arrayBuffer());
    await expect(decodeSpec(`1.${bytes.toString('base64url')}`)).rejects.toThrow('more than 65536 bytes');
  });

  it('refuse a spec that is not allowed, naming the key', async () => {
    const text = await encodeSpec({ ...parseSpec(example), seed: -5 });
    await expect(decodeSpec(text)).rejects.toThrow('seed is -5');
  });
});
