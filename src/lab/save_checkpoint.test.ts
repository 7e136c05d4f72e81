import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/fixtures/golden_files.ts';
import { editModel } from '../../test/fixtures/edit_model.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { savedModel } from '../../test/fixtures/saved_model.ts';
import { parseConfig } from '../model/config.ts';
import { savedReader } from '../model/stored_quant.ts';
import { linearModules } from '../model/modules.ts';
import { printMembers, readJson, readMembers } from '../model/read_json.ts';
import { readQuantized, savedQuantType } from '../quant/bitsandbytes_format.ts';
import { quantize } from '../quant/quantize.ts';
import { openCheckpoint, readWeight, readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import { encodeF16 } from '../tensor/dtype.ts';
import { memoryFiles, memorySource, type FileSet } from '../tensor/source.ts';
import { transposed } from '../tensor/tensor.ts';
import { headerOf } from '../tensor/write_safetensors.ts';
import { requireSaved } from './require_saved.ts';
import { saveCheckpoint } from './save_checkpoint.ts';

const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
const FP4 = { ...NF4, quant_type: 'fp4' } as const;
const NF4_DQ = { ...NF4, double_quant: true } as const;
const LLM_INT8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' } as const;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

const golden = (folder: string) => goldenFolder(folder, ['config.json', 'model.safetensors']);

/** Every tensor as it is stored; what quant_state says as an object, since spaces and order mean nothing in it. */
async function contents(checkpoint: Checkpoint): Promise<Map<string, unknown>> {
  const read = [...checkpoint.tensors.keys()].sort().map(async (name) => {
    const { dtype, shape } = checkpoint.tensors.get(name)!.info;
    const bytes = await readWeightBytes(checkpoint, name);
    if (!name.includes('.quant_state.')) return [name, { dtype, shape, bytes }] as const;
    return [name, JSON.parse(new TextDecoder().decode(bytes)) as unknown] as const;
  });
  return new Map(await Promise.all(read));
}

describe('a quantized copy is the checkpoint that bitsandbytes saves', () => {
  it.each([
    ['llama', 'llama-nf4', NF4],
    ['llama', 'llama-fp4', FP4],
    ['llama', 'llama-nf4-dq', NF4_DQ],
    ['llama', 'llama-llm-int8', LLM_INT8],
    ['gpt2', 'gpt2-nf4', NF4],
  ] as const)('%s as %s: every tensor, byte for byte', async (model, name, config) => {
    const theirs = golden(`checkpoints/${name}`);
    const ours = await savedModel(golden(`models/${model}`), config);
    const [a, b] = [await contents(await openCheckpoint(ours)), await contents(await openCheckpoint(theirs))];
    expect([...a.keys()]).toEqual([...b.keys()]);
    for (const [tensor, content] of b) expect(a.get(tensor), tensor).toEqual(content);
    const settings = async (files: FileSet) =>
      ((await readJson(files, 'config.json')) as { quantization_config: unknown }).quantization_config;
    expect(await settings(ours)).toEqual(await settings(theirs));
  });
});

const encoded = (text: string) => new TextEncoder().encode(text);

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** A random JSON object in Python's words, with keys that come twice and texts that look like more JSON. */
function pythonJson(random: () => number): string {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const blank = () => pick(['', ' ', '\n  ', '\t']);
  const value = (depth: number): string => {
    const kind = depth > 2 ? 0 : random();
    if (kind < 0.6)
      return pick([
        ...['NaN', 'Infinity', '-Infinity', '1.0', '-2.50', '1e-06', '12', 'true', 'null', '30.0'],
        ...['"a\\"b"', '"}, {"', '"NaN"', '"\\\\"', '""', '"[1.5, \\u00e9"'],
      ]);
    return kind < 0.8 ? list(depth + 1) : object(depth + 1);
  };
  const list = (depth: number): string =>
    `[${Array.from({ length: Math.floor(random() * 4) }, () => value(depth)).join(`,${blank()}`)}]`;
  const object = (depth: number): string => {
    const keys = ['"a"', '"b"', '"\\u0061c"', '"d:"', '"e,"', '"f}"', '"quantization_config"'];
    const members = Array.from(
      { length: Math.floor(random() * 6) },
      (_, i) => `${blank()}${depth > 0 ? `"k${i}"` : keys[i]!}${blank()}:${blank()}${value(depth)}${blank()}`,
    );
    return `{${members.join(',')}${members.length === 0 ? blank() : ''}}`;
  };
  return `${blank()}${object(0)}\n`;
}

/** Module names of a checkpoint, each with how it is quantized. */
async function quantTypes(files: FileSet): Promise<Record<string, string | undefined>> {
  const checkpoint = await openCheckpoint(files);
  const modules = linearModules(parseConfig(await readJson(files, 'config.json')), checkpoint);
  return Object.fromEntries(modules.map(({ name }) => [name, savedQuantType(savedReader(checkpoint), name)]));
}

describe('a quantized copy, read again', () => {
  it.each([
    ['a Llama in NF4', randomLlama(), NF4],
    ['a Llama in FP4, blocks of 128', randomLlama(), { ...FP4, blocksize: 128 }],
    ['a Llama with scales quantized, too', randomLlama(), NF4_DQ],
    ['a Llama in LLM.int8()', randomLlama(), LLM_INT8],
    ['a GPT-2, whose weights lie transposed', golden('models/gpt2'), NF4_DQ],
  ] as const)('has the codes and scales that its weights were given: %s', async (_, source, config) => {
    const copy = await openCheckpoint(await savedModel(source, config));
    const original = await openCheckpoint(source);
    const modules = linearModules(parseConfig(await readJson(source, 'config.json')), original);
    expect(modules.length).toBeGreaterThan(7);
    for (const { name, rows, columns, conv1d } of modules) {
      const stored = await readWeight(original, `${name}.weight`);
      const read = await readQuantized(savedReader(copy), name, [rows, columns]);
      expect(read, name).toEqual({ ...quantize(conv1d ? transposed(stored) : stored, config) });
    }
  });

  it('leaves what only images reach as it was, and says so to transformers', async () => {
    const source = golden('models/qwen3-vl');
    const copy = await savedModel(source, { ...NF4, skip_modules: ['q_proj'] });
    const { quantization_config } = (await readJson(copy, 'config.json')) as {
      quantization_config: Record<string, unknown>;
    };
    const skips = ['lm_head', 'score', 'model.visual', 'q_proj'];
    expect(quantization_config.llm_int8_skip_modules).toEqual(skips);
    const [before, after] = [
      await contents(await openCheckpoint(source)),
      await contents(await openCheckpoint(copy)),
    ];
    const seen = [...before.keys()].filter((name) => name.startsWith('model.visual.'));
    expect(seen.length).toBeGreaterThan(10);
    for (const name of seen) expect(after.get(name)).toEqual(before.get(name));
    expect(after.get('model.language_model.layers.0.mlp.up_proj.weight')).toMatchObject({ dtype: 'U8' });
  });

  it('keeps what is no Linear of a block as it was, bytes and dtype', async () => {
    const source = randomLlama();
    const [before, after] = [
      await openCheckpoint(source),
      await openCheckpoint(await savedModel(source, NF4)),
    ];
    for (const name of ['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight']) {
      expect(after.tensors.get(name)!.info.dtype).toBe('BF16');
      expect(await readWeightBytes(after, name)).toEqual(await readWeightBytes(before, name));
    }
  });

  it('copies the tokenizer, and config.json but for quantization_config', async () => {
    const source = randomLlama();
    const copy = await savedModel(source, NF4);
    expect([...copy.names].sort()).toEqual([...source.names].sort());
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      expect(await readJson(copy, name)).toEqual(await readJson(source, name));
    const { quantization_config, ...rest } = (await readJson(copy, 'config.json')) as Record<string, unknown>;
    expect(rest).toEqual(await readJson(source, 'config.json'));
    expect(quantization_config).toMatchObject({ quant_method: 'bitsandbytes', llm_int8_skip_modules: null });
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'keeps config.json as it was written, numbers as Python writes them: %i',
    async (seed) => {
      const written = pythonJson(randomFrom(seed));
      const source = memoryFiles({ 'config.json': encoded(written) });
      const members = await readMembers(source, 'config.json');
      members.set('quantization_config', '{"load_in_4bit": true}');
      const copy = memoryFiles({ 'config.json': encoded(printMembers(members)) });
      const before = (await readJson(source, 'config.json')) as Record<string, unknown>;
      const after = { ...before, quantization_config: { load_in_4bit: true } };
      expect(await readJson(copy, 'config.json')).toEqual(after);
      const numbers = (text: string) => text.match(/-?(?:\d+\.\d+|Infinity)|NaN/g) ?? [];
      if (!written.includes('quantization_config'))
        expect(numbers(printMembers(members))).toEqual(numbers(written));
    },
  );

  it('keeps a float of config.json a float, which transformers asks for', async () => {
    const source = randomLlama();
    const settings = await readMembers(source, 'config.json');
    settings
      .set('attention_dropout', '0.0')
      .set('task_specific_params', 'null')
      .set('initializer_range', 'NaN');
    const names = source.names.filter((name) => name !== 'config.json');
    const files: FileSet = {
      names: [...names, 'config.json'],
      open: (name) =>
        name === 'config.json'
          ? Promise.resolve(memorySource(name, encoded(printMembers(settings))))
          : source.open(name),
    };
    const copy = await (await savedModel(files, NF4)).open('config.json');
    const text = new TextDecoder().decode(await copy.slice(0, copy.byteLength));
    expect(text).toContain('"attention_dropout": 0.0,');
    expect(text).toContain('"initializer_range": NaN,');
  });

  it('leaves the modules that are to be skipped, and names them beside those transformers leaves', async () => {
    const skip_modules = ['down_proj', 'model.layers.0.self_attn'];
    const copy = await savedModel(randomLlama(), { ...NF4, skip_modules });
    const types = await quantTypes(copy);
    expect(Object.keys(types).filter((name) => types[name] === undefined)).toEqual([
      ...['q', 'k', 'v', 'o'].map((letter) => `model.layers.0.self_attn.${letter}_proj`),
      'model.layers.0.mlp.down_proj',
      'model.layers.1.mlp.down_proj',
    ]);
    expect(await readJson(copy, 'config.json')).toMatchObject({
      quantization_config: { llm_int8_skip_modules: ['lm_head', 'score', ...skip_modules] },
    });
  });

  it('writes the threshold as a number with a point, the only one that transformers reads', async () => {
    for (const [llm_int8_threshold, text] of [[6, '6.0'], [2.5, '2.5'], [0, '0.0']] as const) {
      const copy = await savedModel(randomLlama(), { ...LLM_INT8, llm_int8_threshold });
      const source = await copy.open('config.json');
      const config = new TextDecoder().decode(await source.slice(0, source.byteLength));
      expect(config).toContain(`"llm_int8_threshold": ${text}`);
    }
  }); // prettier-ignore

  it('is cut into files of the size that is asked for, with an index that finds every tensor', async () => {
    const source = randomLlama();
    const whole = await openCheckpoint(await savedModel(source, NF4_DQ));
    const most = 20_000;
    const files = await savedModel(source, NF4_DQ, most);
    const shards = files.names.filter((name) => name.endsWith('.safetensors'));
    expect(shards.length).toBeGreaterThan(3);
    expect(shards[0]).toBe(`model-00001-of-0000${shards.length}.safetensors`);
    const index = (await readJson(files, 'model.safetensors.index.json')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(new Set(Object.values(index.weight_map))).toEqual(new Set(shards));
    const cut = await openCheckpoint(files);
    const [a, b] = [await contents(cut), await contents(whole)];
    expect(a).toEqual(b);
    const bytes = [...whole.tensors.values()].map(({ info: { data_offsets } }) => data_offsets);
    expect(index.metadata.total_size).toBe(bytes.reduce((sum, [begin, end]) => sum + end - begin, 0));
    for (const name of shards) {
      const held = [...cut.tensors].filter(([tensor]) => index.weight_map[tensor] === name);
      const size = held.reduce((sum, [, { info }]) => sum + info.data_offsets[1] - info.data_offsets[0], 0);
      // Only a layer that is larger by itself makes a larger file: here the embedding and the head.
      if (!held.some(([tensor]) => /embed|head/.test(tensor))) expect(size).toBeLessThanOrEqual(most);
      else expect(held).toHaveLength(1);
    }
  });
});

describe('what cannot be quantized is refused', () => {
  /** One tensor of a model replaced by one of another dtype. */
  const withTensor = async (
    name: string,
    dtype: string,
    bytesOf: (n: number) => Uint8Array,
  ): Promise<FileSet> => {
    const source = randomLlama();
    const checkpoint = await openCheckpoint(source);
    const tensors = [...checkpoint.tensors].map(([key, { info }]) =>
      key === name ? { ...info, dtype } : info,
    );
    const parts: Uint8Array[] = [headerOf(tensors)];
    for (const { name: key, shape } of tensors) {
      const n = shape.reduce((a, b) => a * b, 1);
      parts.push(key === name ? bytesOf(n) : await readWeightBytes(checkpoint, key));
    }
    const config = await source.open('config.json');
    return memoryFiles({
      'config.json': await config.slice(0, config.byteLength),
      'model.safetensors': joined(parts),
    });
  };
  const weight = 'model.layers.1.mlp.up_proj.weight';

  it('a checkpoint that is quantized already', async () => {
    await expect(savedModel(await savedModel(randomLlama(), NF4), FP4)).rejects.toMatchObject({
      code: 'bad-spec',
      message: 'The checkpoint is quantized to nf4 already; allowed: one that is not.',
    });
  });

  it('weights of a dtype that quantization does not start from', async () => {
    const files = await withTensor(weight, 'F64', (n) => new Uint8Array(8 * n));
    await expect(savedModel(files, NF4)).rejects.toMatchObject({
      code: 'unsupported-dtype',
      message: `Tensor ${weight} is F64; supported: F32, F16, BF16.`,
    });
  });

  it('weights that are no finite numbers', async () => {
    const values = (n: number) => encodeF16(new Float32Array(n).fill(Infinity, 5));
    const files = await withTensor(weight, 'F16', (n) => new Uint8Array(values(n).buffer));
    await expect(savedModel(files, NF4)).rejects.toMatchObject({
      code: 'non-finite-weights',
      message: `${weight} holds Infinity at element 5; weights must be finite numbers.`,
    });
  });

  it.each([
    'model.layers.1.self_attn.q_proj.weight',
    'model.layers.0.input_layernorm.weight',
    'model.embed_tokens.weight',
    'lm_head.weight',
  ])('a checkpoint without %s, before anything is written', async (name) => {
    const files = await editModel(randomLlama(), { tensors: (tensors) => tensors.delete(name) });
    const opened: string[] = [];
    const sink = {
      open(file: string) {
        opened.push(file);
        return Promise.resolve({ write: () => Promise.resolve(), close: () => Promise.resolve() });
      },
    };
    await expect(saveCheckpoint(files, NF4, sink)).rejects.toMatchObject({
      code: 'missing-tensor',
      message: expect.stringContaining(name) as string,
    });
    expect(opened).toEqual([]);
  });

  it('a checkpoint of another quantizer', async () => {
    const config = { quantization_config: { quant_method: 'gptq' } };
    await expect(savedModel(await editModel(randomLlama(), { config }), NF4)).rejects.toMatchObject({
      code: 'unsupported-quantization',
    });
  });
});

describe('a copy that was written is checked', () => {
  const skip_modules = ['down_proj'];
  const cut = (name: string) => (tensors: Map<string, unknown>) => void tensors.delete(name);

  it.each([NF4, NF4_DQ, FP4, LLM_INT8, { ...NF4, skip_modules }])('and is whole: %j', async (config) => {
    await expect(requireSaved(await savedModel(randomLlama(), config), config)).resolves.toMatchObject({
      architecture: 'LlamaForCausalLM',
    });
    const gpt2 = await savedModel(golden('models/gpt2'), { ...config, skip_modules: [] });
    await expect(requireSaved(gpt2, { ...config, skip_modules: [] })).resolves.toMatchObject({
      tie_word_embeddings: true,
    });
  });

  it('against the format that was asked for, layer by layer', async () => {
    const copy = await savedModel(randomLlama(), { ...NF4, skip_modules });
    await expect(requireSaved(copy, NF4)).rejects.toThrow(
      'model.layers.0.mlp.down_proj was written as unquantized; asked for was nf4.',
    );
    await expect(requireSaved(copy, { ...FP4, skip_modules })).rejects.toThrow('was written as nf4');
    await expect(
      requireSaved(await savedModel(randomLlama(), NF4), { ...NF4, skip_modules }),
    ).rejects.toThrow('asked for was to leave it unquantized');
  });

  it('for parts that are missing', async () => {
    const copy = await savedModel(randomLlama(), NF4);
    const name = 'model.layers.1.mlp.up_proj.weight';
    const open = async (gone: string) => requireSaved(await editModel(copy, { tensors: cut(gone) }), NF4);
    await expect(open(`${name}.absmax`)).rejects.toThrow(`${name}.absmax is missing`);
    await expect(open('model.norm.weight')).rejects.toThrow('model.norm.weight');
  });
});
