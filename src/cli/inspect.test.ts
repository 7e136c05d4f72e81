import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { editModel, zeros } from '../../test/fixtures/edit_model.ts';
import { printed } from '../../test/fixtures/printed.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { file } from '../../test/fixtures/safetensors/corpus.ts';
import { writeFiles } from '../../test/fixtures/write_files.ts';
import { memoryFiles } from '../tensor/source.ts';
import { inspect } from './inspect.ts';

const folder = mkdtempSync(join(tmpdir(), 'nibble-inspect-'));
afterAll(() => rm(folder, { recursive: true }));

const model = await writeFiles(join(folder, 'model'), randomLlama());
/** 2 blocks of 27,720 weights, the embedding and the head of 211 x 60 each, the last norm; 2 bytes a weight. */
const BYTES = 2 * (2 * 27_720 + 2 * 211 * 60 + 60);
const weights = join(model, 'model.safetensors');

async function saved(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const jsonFiles = (files: Record<string, unknown>) =>
  memoryFiles(
    Object.fromEntries(
      Object.entries(files).map(([name, json]) => [name, new TextEncoder().encode(JSON.stringify(json))]),
    ),
  );

const entry = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

describe('inspect', () => {
  it('prints what a file holds, its metadata and what was odd about it', async () => {
    const path = await saved(
      'odd.safetensors',
      file(` {"__metadata__":{"format":"pt"},"naïve\\n":${entry}}`, 8),
    );
    const { value, lines } = await printed(() => inspect([path]));
    expect(lines.join('\n').split('\n')).toEqual([
      `${path}: 1 tensors, 8 bytes of data`,
      '  warning: the header of odd.safetensors begins with white space; the format wants "{" first',
      '  format = pt',
      expect.stringMatching(/^ {2}naïve\S+ {2}F32 {3}\[2\]$/) as string,
    ]);
    expect(value).toBe(0);
  });

  it('prints what became of the keys, the footprint of a folder and its tensors; of a config.json the first two', async () => {
    const whole = await printed(() => inspect([model]));
    const alone = await printed(() => inspect([join(model, 'config.json')]));
    const table = alone.lines.join('\n').split('\n');
    const all = whole.lines.join('\n').split('\n');
    expect(table[0]).toBe('config.json');
    expect(table.join('\n')).toContain('NF4');
    expect(all).toEqual(expect.arrayContaining(table));
    expect(all).toContain(`${model}: 21 tensors, ${BYTES} bytes of data`);
    expect([whole.value, alone.value]).toEqual([0, 0]);
  });

  it('counts the tokens of --context into the footprint', async () => {
    const config = join(model, 'config.json');
    const [short, long] = [
      await printed(() => inspect([config, '--context', '64'])),
      await printed(() => inspect([config, '--context', '4096'])),
    ];
    expect(short.lines).not.toEqual(long.lines);
  });

  it('says of each file its own, refuses the bad ones, and ends with 2', async () => {
    const bad = await saved('bad.safetensors', file(`{"w":${entry}}`, 7));
    const { value, lines } = await printed(() =>
      inspect([bad, weights, join(folder, 'nowhere.safetensors')]),
    );
    expect(lines[0]).toMatch(/bad\.safetensors: refused \(truncated-file\): bad\.safetensors has 7 bytes/);
    expect(lines[1]).toMatch(/model\.safetensors: 21 tensors/);
    expect(lines.at(-1)).toMatch(/refused \(missing-file\): .*nowhere\.safetensors is not a file/);
    expect(value).toBe(2);
  });

  it('says as JSON what a program can read', async () => {
    const bad = await saved('bad.json', '{');
    const { value, lines } = await printed(() => inspect(['--json', weights, model, bad]));
    const verdicts = JSON.parse(lines.join('')) as {
      ok: boolean;
      error: unknown;
      tensors: unknown[];
      footprints?: unknown[];
    }[];
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, false]);
    expect(verdicts.map(({ tensors }) => tensors.length)).toEqual([21, 21, 0]);
    expect(verdicts.map(({ footprints }) => footprints !== undefined)).toEqual([false, true, false]);
    expect(verdicts[2]!.error).toMatchObject({ code: 'bad-config' });
    expect(value).toBe(2);
  });

  it('refuses a config.json it does not know, and lists the checkpoint all the same', async () => {
    const path = await writeFiles(join(folder, 'other'), randomLlama());
    await writeFile(join(path, 'config.json'), JSON.stringify({ architectures: ['MambaForCausalLM'] }));
    const { value, lines } = await printed(() => inspect([path]));
    expect(lines[0]).toMatch(/refused \(unsupported-architecture\): The model is a MambaForCausalLM/);
    expect(lines.join('\n')).toContain(`${path}: 21 tensors, ${BYTES} bytes of data`);
    expect(value).toBe(2);
  });

  it('refuses what run refuses: a checkpoint of another quantizer, in a folder or by its config.json', async () => {
    const config = { quantization_config: { quant_method: 'eetq', bits: 4 } };
    const path = await writeFiles(join(folder, 'eetq'), await editModel(randomLlama(), { config }));
    const { value, lines } = await printed(() => inspect([path, join(path, 'config.json')]));
    expect(lines.filter((line) => line.includes('refused ('))).toEqual([
      expect.stringContaining('refused (unsupported-quantization): config.json says the checkpoint'),
      expect.stringContaining('config.json: refused (unsupported-quantization)'),
    ]);
    expect(lines).toContain('  not reached  bits');
    expect(value).toBe(2);
  });

  it('names every tensor that is missing, and a config.json that knows nothing of the rest', async () => {
    const files = await editModel(randomLlama(), {
      config: { rope_scaling: { rope_type: 'default', wobble: 2 }, attention_dropout: 0.1 },
      tensors: (tensors) =>
        ['gate', 'up'].forEach((part) => tensors.delete(`model.layers.0.mlp.${part}_proj.weight`)),
    });
    const unknown = await writeFiles(join(folder, 'unknown'), files);
    const first = await printed(() => inspect([unknown]));
    expect(first.lines).toContain('  refused      rope_scaling.wobble: 2');
    expect(first.lines).toContain('  harmless     attention_dropout (only training reads it)');
    const missing = await editModel(randomLlama(), {
      tensors: (tensors) =>
        ['gate', 'up'].forEach((part) => tensors.delete(`model.layers.0.mlp.${part}_proj.weight`)),
    });
    const { value, lines } = await printed(async () =>
      inspect([await writeFiles(join(folder, 'missing'), missing)]),
    );
    const said = lines;
    expect(said[0]).toContain('"model.layers.0.mlp.gate_proj.weight" is not in the checkpoint');
    expect(said[1]).toContain(
      'also refused: tensor "model.layers.0.mlp.up_proj.weight" is not in the checkpoint',
    );
    expect([first.value, value]).toEqual([2, 2]);
  });

  it('says whether a BOS stands in front, and what version 4 would do', async () => {
    const files = await editModel(randomLlama(), {
      config: {
        tie_word_embeddings: true,
        rope_scaling: null,
        rope_parameters: { rope_type: 'default', rope_theta: 500000 },
      },
    });
    const { lines } = await printed(async () => inspect([await writeFiles(join(folder, 'untied'), files)]));
    const text = lines.join('\n');
    expect(text).toContain('prompts: no BOS stands in front of a text');
    expect(text).toContain('rules: those of transformers 5.24');
    expect(text).toContain('leaves out lm_head.weight, which differs');
    expect(text).toContain('transformers 4.57 does not read rope_parameters');
    const causal = await editModel(randomLlama(), { config: { is_causal: false } });
    const other = await printed(async () => inspect([await writeFiles(join(folder, 'causal'), causal)]));
    expect(other.lines[0]).toContain(
      'config.json says is_causal: false; Nibble computes causal attention only.',
    );
    expect(other.lines).toContain('  transformers 4.57 does not read is_causal: false.');
    expect(other.value).toBe(2);
  });

  it('reads an adapter beside its model, and by itself', async () => {
    const adapter = await writeFiles(
      join(folder, 'adapter'),
      jsonFiles({ 'adapter_config.json': { peft_type: 'LORA', r: 2, lora_dropout: 0.1, use_dora: true } }),
    );
    const beside = await printed(() => inspect([model, '--adapter', adapter]));
    const alone = await printed(() => inspect([join(adapter, 'adapter_config.json')]));
    for (const { value, lines } of [beside, alone]) {
      expect(lines[0]).toContain(
        'adapter_config.json: use_dora is true; supported: none, which is plain LoRA.',
      );
      expect(lines).toContain('  refused      use_dora: true');
      expect(lines).toContain('  harmless     lora_dropout (only in training)');
      expect(value).toBe(2);
    }
  });

  it('says which tensors nothing reads', async () => {
    const files = await editModel(randomLlama(), {
      tensors: (tensors) => tensors.set('model.extra', zeros('F32', 2)),
    });
    const { value, lines } = await printed(async () =>
      inspect([await writeFiles(join(folder, 'extra'), files)]),
    );
    expect(lines.join('\n')).toContain(
      '  warning: not read, because config.json makes no such tensor: 1 tensor, model.extra',
    );
    expect(value).toBe(0);
  });

  it.each([
    [[], 'inspect was given no file; allowed: one or more.'],
    [['--context', '0', 'a'], '--context is 0; allowed: a whole number from 1 to 16777216.'],
    [['--context', 'many', 'a'], '--context is many; allowed: a whole number from 1 to 16777216.'],
  ])('refuses %j', async (args, message) => {
    await expect(inspect(args)).rejects.toMatchObject({ code: 'bad-arguments', message });
  });
});
