import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { printed } from '../../test/fixtures/printed.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { writeFiles } from '../../test/fixtures/write_files.ts';
import { openCheckpoint } from '../tensor/checkpoint.ts';
import { diskFiles } from './disk.ts';
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

  it('refuses a folder that is none', async () => {
    const args = [join(folder, 'nowhere'), '--quant-type', 'nf4', '--out', join(folder, 'unused')];
    await expect(quantizeCommand(args)).rejects.toMatchObject({ code: 'missing-file' });
  });
});
