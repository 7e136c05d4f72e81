import { describe, expect, it } from 'vitest';
import example from '../../examples/nf4-vs-fp4.json';
import { LabError } from '../errors.ts';
import { packJson } from './packed_json.ts';
import { specHash, specOfQuery } from './permalink.ts';
import { parseSpec, type ExperimentSpec } from './spec.ts';

const queryOf = async (spec: ExperimentSpec) => (await specHash(spec)).replace('#/experiment?', '');
const packed = async (spec: unknown) => `spec=${await packJson(spec)}`;

/** Every knob there is, with values that a careless link would break. */
const knobs = parseSpec({
  version: 1,
  title: 'a,b:c=d/e+f&g#h%i "it\'s" (4 bit) ünï 🙂',
  model: {
    source: 'local',
    name: 'my models/a:b, (c)',
    adapter: { source: 'hub', repo: 'someone/lora', revision: 'v1.0' },
  },
  configs: [
    { quant_type: 'none', compute_dtype: 'float16' },
    { quant_type: 'nf4', blocksize: 128, double_quant: true, compute_dtype: 'bfloat16' },
    { quant_type: 'fp4', skip_modules: ['lm_head', 'model.layers.0.mlp.down_proj'] },
    { quant_type: 'int8', granularity: 'tensor' },
    {
      quant_type: 'nf4',
      by_layer: [
        { modules: ['down_proj', 'model.layers.0'], as: { quant_type: 'int8', granularity: 'tensor' } },
        { modules: ['o_proj'], as: { quant_type: 'none' } },
        { modules: ['k_proj'], as: { quant_type: 'fp4' } },
      ],
    },
    { quant_type: 'llm_int8', llm_int8_threshold: 5.5, compute_dtype: 'float32' },
    { quant_type: 'custom', code: [-1, -0.75, 1e-7, ...Array.from({ length: 13 }, (_, i) => i / 13)] },
  ],
  tasks: [
    { task: 'arc_easy', split: 'validation', limit: 100, num_fewshot: 5 },
    { task: 'wikitext', doc_ids: [3, 0, 61] },
    { task: 'text', file: 'my texts/a,b:c.txt' },
    {
      ...{ task: 'arc_challenge', num_fewshot: 2, apply_chat_template: true, fewshot_as_multiturn: false },
      system_instruction: 'Be brief, please: “so” & 50 %/no=more.\n',
    },
  ],
  seed: 4294967295,
  on_error: 'continue',
});

describe('links that a person can read', () => {
  it('say what differs from the defaults', async () => {
    expect(await specHash(parseSpec(example))).toBe(
      '#/experiment?title=NF4+or+FP4%3F&model=nibble-tiny&configs=none,int8,nf4:blocksize=256,fp4:blocksize=256' +
        '&tasks=mini_arc:limit=200,mini_coqa:limit=20,mini_text:limit=20&seed=7',
    );
  });

  it('carry every knob there and back', async () => {
    const query = await queryOf(knobs);
    expect(query).toMatch(/^[\w.:=,/@+&%-]+\d$/);
    expect(query).toContain('nf4:blocksize=128:double_quant=true:compute_dtype=bfloat16');
    expect(query).toContain('fp4:skip_modules=lm_head/model.layers.0.mlp.down_proj');
    expect(query).toContain(
      'nf4:by_layer=down_proj/model.layers.0@int8@granularity=tensor//o_proj@none//k_proj@fp4',
    );
    expect(query).toContain('adapter=hub:someone/lora@v1.0');
    expect(await specOfQuery(query)).toEqual(knobs);
  });

  it('replace half a character, which no address can carry', async () => {
    const { title } = await specOfQuery(await queryOf({ ...knobs, title: 'half \ud83d' }));
    expect(title).toBe('half \ufffd');
  });

  it('can be written by hand, in any order', async () => {
    const spec = await specOfQuery('seed=0&tasks=mini_arc&configs=nf4:double_quant=true&model=hub:a/b');
    expect(spec).toEqual(
      parseSpec({
        version: 1,
        model: { source: 'hub', repo: 'a/b' },
        configs: [{ quant_type: 'nf4', double_quant: true }],
        tasks: [{ task: 'mini_arc' }],
      }),
    );
  });

  it.each([
    ['configs=nf4:blocksize=48&model=nibble-tiny&tasks=mini_arc&seed=1', 'configs[0].blocksize is 48'],
    ['configs=nf4:blocksize=many&model=nibble-tiny&tasks=mini_arc&seed=1', 'configs[0].blocksize is "many"'],
    ['configs=nf4:size=64&model=nibble-tiny&tasks=mini_arc&seed=1', 'nf4 has size; allowed: blocksize,'],
    [
      'configs=nf4&configs=fp4&model=nibble-tiny&tasks=mini_arc&seed=1',
      'The link has configs twice; allowed: once.',
    ],
    [
      'configs=nf4&model=nibble-tiny&tasks=mini_arc&seed=1&__proto__=1',
      'The link has __proto__; allowed: version,',
    ],
    ['configs=nf4&model=nibble-tiny&tasks=mini_arc&seed=1&title=%E0%A4', 'The link is damaged: %E0%A4'],
    ['configs=nf4&model=gpt-9&tasks=mini_arc&seed=1', 'model.name is "gpt-9"'],
    [
      'configs=nf4&model=https://evil.example/a/b&tasks=mini_arc&seed=1',
      'model.repo is "https://evil.example/a/b"',
    ],
    [
      'configs=nf4&model=hub:https://evil.example/x&tasks=mini_arc&seed=1',
      'model.repo is "https://evil.example/x"',
    ],
    ['configs=nf4&model=nibble-tiny&tasks=mini_arc&seed=1&version=2', 'version is 2; allowed: 1'],
    ['title=nothing+else&seed=1', 'model is missing'],
    ['configs=nf4&model=nibble-tiny&tasks=mini_arc:limit=20', 'The link has no seed'],
    ['x'.repeat(20_000), 'The link has 20000 characters; allowed: 16384.'],
  ])('refuse %.60s', async (query, message) => {
    await expect(specOfQuery(query)).rejects.toThrow(message);
  });

  it('are refused in a sentence whatever becomes of them on the way', async () => {
    const query = await queryOf(knobs);
    let state = 1;
    const random = (below: number) => (state = (state * 48_271) % 0x7fff_ffff) % below;
    const marks = '=&:,/%+@0aZ~\0';
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const at = random(query.length);
      const mark = marks[random(marks.length)]!;
      const broken = query.slice(0, at) + mark + query.slice(at + random(3));
      await specOfQuery(broken).catch((error: unknown) => {
        refused++;
        expect(error).toBeInstanceOf(LabError);
      });
    }
    expect(refused).toBeGreaterThan(500);
  });
});

describe('links that a chat has touched', () => {
  const decorations: [string, (query: string) => string][] = [
    ...['.', ',', ')', '>', ']', '\u201d', '"', ').', ' ', '\n', '…'].map(
      (mark): [string, (q: string) => string] => [
        `behind it ${JSON.stringify(mark)}`,
        (query) => query + mark,
      ],
    ),
    ...[
      '\u200b',
      '\u2060',
      '\u00bb',
      '\u300d',
      '\u2019.',
      '%22',
      '%E2%80%9D',
      '%E2%80%8B',
      '**',
      '>.',
      '\uff09\u3002',
    ].map((mark): [string, (q: string) => string] => [
      `behind it ${JSON.stringify(mark)}`,
      (query) => query + mark,
    ]),
    ...['"', '<', '\u201c', '\u201e', '\u00ab', '(', '\u200b', ' '].map(
      (mark): [string, (q: string) => string] => [
        `before it ${JSON.stringify(mark)}`,
        (query) => mark + query,
      ],
    ),
    [
      'what is not seen within',
      (query) => `${query.slice(0, 9)}\u200b${query.slice(9, 30)}\ufeff\u00ad${query.slice(30)}`,
    ],
    ['&amp;', (query) => query.replaceAll('&', '&amp;')],
    ['a line break', (query) => `${query.slice(0, 40)}\r\n  ${query.slice(40)}`],
  ];
  const escaped: [string, (query: string) => string][] = [',', ':', '=', '/'].map((mark) => [
    encodeURIComponent(mark),
    (query) =>
      query.replace(/(?<=(?:configs|model)=)[^&]*|(?<=tasks=)[^&]*/g, (value) =>
        value.replaceAll(mark, encodeURIComponent(mark)),
      ),
  ]);
  const blanks: [string, (query: string) => string][] = [
    ['blanks behind commas', (query) => query.replaceAll(',', ', ')],
    ['escaped blanks behind commas', (query) => query.replaceAll(',', ',%20')],
    ['blanks around &', (query) => query.replaceAll('&', ' & ')],
    ['blanks behind =', (query) => query.replace(/(configs|tasks|seed|model)=/g, '$1= ')],
  ];
  const other = parseSpec({ ...example, model: { source: 'hub', repo: 'a/b_', revision: 'v1' } });

  it.each([...decorations, ...escaped, ...blanks])('open as they were sent: %s', async (_, decorate) => {
    expect(await specOfQuery(decorate(await queryOf(other)))).toEqual(other);
  });

  it.each(decorations)('open as they were sent, with every knob: %s', async (_, decorate) => {
    expect(await specOfQuery(decorate(await queryOf(knobs)))).toEqual(knobs);
  });

  it.each(decorations)('open as they were sent, packed: %s', async (_, decorate) => {
    for (let seed = 0; seed < 40; seed++) {
      const spec = { ...knobs, seed };
      expect(await specOfQuery(decorate(await packed(spec)))).toEqual(spec);
    }
  });
});

describe('packed links', () => {
  it('carry what is too long to be read', async () => {
    const many = parseSpec({ ...example, tasks: [{ task: 'wikitext', doc_ids: [...Array(500).keys()] }] });
    const query = await queryOf(many);
    expect(query).toMatch(/^spec=1\.[\w-]+$/);
    expect(query.length).toBeLessThan(1900);
    expect(await specOfQuery(query)).toEqual(many);
  });

  it.each([
    ['', 'not one of ours'],
    ['7.abc', 'The link is of form 7, which is newer than this page; allowed: form 1.'],
    ['hello', 'not one of ours'],
    ['1.%%%', 'damaged'],
    ['1.AAAA', 'damaged'],
    ['1.' + 'A'.repeat(20000), 'The link has 20002 characters; allowed: 16384.'],
  ])('refuse %.20j', async (text, message) => {
    await expect(specOfQuery(`spec=${text}`)).rejects.toThrow(message);
  });

  it('refuse a truncated one', async () => {
    const query = await packed(example);
    await expect(specOfQuery(query.slice(0, -20))).rejects.toThrow('damaged');
  });

  it('refuse one that unfolds to a gigabyte before it does', async () => {
    const bomb = new Blob([new Uint8Array(5e6)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    const bytes = Buffer.from(await new Response(bomb).arrayBuffer());
    await expect(specOfQuery(`spec=1.${bytes.toString('base64url')}`)).rejects.toThrow(
      'more than 65536 bytes',
    );
  });

  it('refuse a spec that is not allowed, naming the key', async () => {
    await expect(specOfQuery(await packed({ ...example, seed: -5 }))).rejects.toThrow('seed is -5');
  });
});

describe('links that were sent once open for ever', () => {
  it('packed, by version 0.1.0', async () => {
    const link =
      'spec=1.fY6xTsQwEER_JZraJ0hySMglxYmCo4EOochxNmF1jjcX24cgyr8j56go6FazTzNvwYXmwOKhS4XI0RE0ng_7wsQifkrROrGnIvA3BSiM0pGD' +
      'XhAkzTajH6mFwkyTQOMxDQP74WAsvT7cvIzino7Vrqzvjhtz4esSRsMeq4IV3_MQoN8WnJPxsYlfU2714gn5P04pUtP9xr0TE-sKq_rL93sobK5Z' +
      'Fbqs7hU6Sa2jZiOhe-MC_dP5rhBNOF1t8pVF2XNjZgsFxyNH6Oo2g4Gog67XHw';
    expect(await specOfQuery(link)).toEqual({
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

  it('readable, by version 0.1.0: what it leaves out keeps the meaning it had', async () => {
    const link =
      'title=Every+default&model=hub:HuggingFaceTB/SmolLM2-135M&adapter=local:my+lora' +
      '&configs=none,nf4,fp4:double_quant=true,int4,int8,llm_int8,' +
      'custom:code=-1/-0.7/-0.5/-0.4/-0.3/-0.2/-0.1/0/0.1/0.2/0.25/0.3/0.4/0.6/0.7/1' +
      '&tasks=arc_easy:limit=100,wikitext:doc_ids=12/14&on_error=continue&seed=3';
    const code = [-1, -0.7, -0.5, -0.4, -0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.6, 0.7, 1];
    const compute_dtype = 'float32';
    expect(await specOfQuery(link)).toEqual({
      version: 1,
      title: 'Every default',
      model: {
        source: 'hub',
        repo: 'HuggingFaceTB/SmolLM2-135M',
        revision: 'main',
        adapter: { source: 'local', name: 'my lora' },
      },
      configs: [
        { quant_type: 'none', compute_dtype },
        { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype },
        { quant_type: 'fp4', blocksize: 64, double_quant: true, compute_dtype },
        { quant_type: 'int4', blocksize: 64, double_quant: false, compute_dtype },
        { quant_type: 'int8', granularity: 'row', compute_dtype },
        { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float16' },
        { quant_type: 'custom', code, blocksize: 64, double_quant: false, compute_dtype },
      ],
      tasks: [
        { task: 'arc_easy', limit: 100 },
        { task: 'wikitext', doc_ids: [12, 14] },
      ],
      seed: 3,
      on_error: 'continue',
    });
  });
});
