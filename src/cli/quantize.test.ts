import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { printed } from '../../test/fixtures/printed.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { writeFiles } from '../../test/fixtures/write_files.ts';
import { openCheckpoint } from '../tensor/checkpoint.ts';
import { openModel } from '../model/open_model.ts';
import { diskFiles, diskModel } from './disk.ts';
import { quantizeCommand } from './quantize.ts';

const folder = mkdtempSync(join(tmpdir(), 'nibble-quantize-'));
afterAll(() => rm(folder, { recursive: true }));
const model = await writeFiles(join(folder, 'model'), randomLlama());

describe('quantize', () => {
  it('writes a checkpoint as the options say', async () => {
    const out = join(folder, 'a', 'new', 'folder');
    const args = [
      '--quant-type',
      'fp4',
      '--blocksize',
      '128',
      '--double-quant',
      '--skip-modules',
      'q_proj,down_proj',
    ];
    const { value, lines } = await printed(() => quantizeCommand([model, ...args, '--out', out]));
    expect(value).toBe(0);
    expect(lines).toEqual([`${out}: fp4, ready for AutoModelForCausalLM.from_pretrained`]);
    expect((await readdir(out)).sort()).toEqual((await readdir(model)).sort());
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject({
      quantization_config: {
        bnb_4bit_quant_type: 'fp4',
        bnb_4bit_use_double_quant: true,
        llm_int8_skip_modules: ['lm_head', 'score', 'q_proj', 'down_proj'],
      },
    });
    const { tensors } = await openCheckpoint(await diskFiles(out));
    const dtype = (path: string) => tensors.get(`model.layers.1.${path}.weight`)!.info.dtype;
    expect(['self_attn.q_proj', 'self_attn.k_proj', 'mlp.down_proj'].map(dtype)).toEqual([
      'BF16',
      'U8',
      'BF16',
    ]);
    // 20 x 60 weights of k_proj in blocks of 128.
    expect(tensors.get('model.layers.1.self_attn.k_proj.weight.absmax')!.info.shape).toEqual([10]);
  });

  it('writes what other tools open', async () => {
    const out = join(folder, 'fp8');
    const { lines } = await printed(() =>
      quantizeCommand([
        model,
        '--format',
        'fp8',
        '--scaling',
        'tensor',
        '--skip-modules',
        'q_proj',
        '--out',
        out,
      ]),
    );
    expect(lines).toEqual([`${out}: fp8, ready for transformers and vLLM with compressed-tensors`]);
    expect((await readdir(out)).sort()).toEqual((await readdir(model)).sort());
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject({
      quantization_config: { format: 'float-quantized', ignore: ['lm_head', 're:.*\\.q_proj$'] },
    });
    const { tensors } = await openCheckpoint(await diskFiles(out));
    const dtype = (path: string) => tensors.get(`model.layers.1.${path}.weight`)!.info.dtype;
    expect([dtype('self_attn.q_proj'), dtype('self_attn.k_proj')]).toEqual(['BF16', 'F8_E4M3']);
  });

  it('writes one file for llama.cpp', async () => {
    const small = await writeFiles(
      join(folder, 'small'),
      randomLlama({ hidden_size: 32, intermediate_size: 64, num_attention_heads: 2, head_dim: 16 }),
    );
    const out = join(folder, 'another', 'small.gguf');
    const { lines } = await printed(() =>
      quantizeCommand([small, '--format', 'q8_0', '--skip-modules', 'q_proj', '--out', out]),
    );
    expect(lines).toEqual([`${out}: q8_0, ready for llama.cpp`]);
    const { stored_quant } = await openModel(await diskModel(out));
    expect(stored_quant).toMatchObject({ storage: { quant_type: 'gguf', gguf_type: 'Q8_0' }, others: [] });
    expect(stored_quant!.float_modules).toEqual([0, 1].map((i) => `model.layers.${i}.self_attn.q_proj`));
  });

  it('writes layers of several formats, as a file says', async () => {
    const out = join(folder, 'mixed');
    const path = join(folder, 'mixed.json');
    const mix = {
      ...{ quant_type: 'fp8', scaling: 'row', skip_modules: ['q_proj'] },
      by_layer: [{ modules: ['down_proj'], as: { quant_type: 'fp8', scaling: 'tensor' } }],
    };
    await writeFile(path, JSON.stringify(mix));
    const { lines } = await printed(() => quantizeCommand([model, '--config', path, '--out', out]));
    expect(lines[0]).toContain(
      'FP8 per row, without q_proj, down_proj as FP8 per tensor, ready for transformers',
    );
    const { stored_quant } = await openModel(await diskModel(out));
    expect(stored_quant).toMatchObject({
      storage: { quant_type: 'fp8', scaling: 'row' },
      others: [
        {
          storage: { quant_type: 'fp8', scaling: 'tensor' },
          modules: [0, 1].map((i) => `model.layers.${i}.mlp.down_proj`),
        },
      ],
    });
    await writeFile(
      path,
      JSON.stringify({ ...mix, by_layer: [{ ...mix.by_layer[0], as: { quant_type: 'nf4' } }] }),
    );
    await expect(quantizeCommand([model, '--config', path, '--out', out])).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining('No one tool stores these formats in one checkpoint') as string,
    });
  });

  it.each([
    [[], 'bad-arguments', 'quantize was given 0 model folders; allowed: one.'],
    [['a', 'b'], 'bad-arguments', 'quantize was given 2 model folders; allowed: one.'],
    [['a'], 'bad-arguments', 'quantize was given no --out; it needs a folder to write to.'],
    [
      ['a', '--out', 'o', '--format', 'awq', '--calibrate', 'a text'],
      'bad-arguments',
      '--calibrate is a text; allowed: samples, or a file that ends in .txt or .jsonl.',
    ],
    [['a', '--out', 'o'], 'bad-arguments', '--quant-type is missing; allowed: nf4, fp4, llm_int8.'],
    [
      ['a', '--out', 'o', '--quant-type', 'int4'],
      'bad-arguments',
      '--quant-type is int4; allowed: nf4, fp4, llm_int8.',
    ],
    [
      ['a', '--out', 'o', '--format', 'q9'],
      'bad-arguments',
      '--format is q9; allowed: nf4, fp4, llm_int8, int4,',
    ],
    [
      ['a', '--out', 'o', '--format', 'int4', '--blocksize', '64'],
      'bad-arguments',
      '--blocksize is no option of int4; allowed: --group-size, --zero-points.',
    ],
    [
      ['a', '--out', 'o', '--format', 'fp8', '--tokens', '9'],
      'bad-arguments',
      '--tokens is for gptq and awq',
    ],
    [['a', '--out', 'o', '--format', 'nf4', '--quant-type', 'nf4'], 'bad-arguments', 'allowed: one of them'],
    [
      ['a', '--out', 'o', '--format', 'nf4', '--config', 'c'],
      'bad-arguments',
      '--format and --config; allowed: one',
    ],
    [
      ['a', '--out', 'o', '--config', 'c', '--tokens', '9'],
      'bad-arguments',
      '--tokens stands beside --config',
    ],
    [['a', '--out', 'o', '--config', 'c'], 'bad-arguments', 'c is no file that can be read'],
    [['a', '--out', 'o', '--format', 'int4', '--group-size', '48'], 'bad-spec', 'group_size'],
    [['a', '--out', 'o', '--quant-type', 'nf4', '--blocksize', '48'], 'bad-spec', 'blocksize'],
    [['a', '--out', 'o', '--quant-type', 'nf4', '--compute-dtype', 'f8'], 'bad-spec', 'compute_dtype'],
    [['a', '--out', 'o', '--quant-type', 'llm_int8', '--blocksize', '64'], 'bad-spec', 'blocksize'],
  ])('refuses %j', async (args, code, message) => {
    await expect(quantizeCommand(args)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('refuses a type of llama.cpp in a folder, and other formats in its file', async () => {
    const asked = (format: string, out: string) =>
      quantizeCommand([model, '--format', format, '--out', join(folder, out)]);
    await expect(asked('q4_0', 'dir')).rejects.toThrow('whose name ends in .gguf');
    await expect(asked('nf4', 'a.gguf')).rejects.toThrow('llama.cpp has no type for NF4 · 64');
  });

  it('refuses a folder that is none', async () => {
    const args = [join(folder, 'nowhere'), '--quant-type', 'nf4', '--out', join(folder, 'unused')];
    await expect(quantizeCommand(args)).rejects.toMatchObject({ code: 'missing-file' });
  });
});
