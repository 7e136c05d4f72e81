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

const entry = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

describe('inspect', () => {
  it('prints what a file holds, its metadata and what was odd about it', async () => {
    const path = await saved(
      'odd.safetensors',
      file(` {"__metadata__":{"format":"pt"},"naïve\\n":${entry}}`, 8),
    );
    const { value, lines } = await printed(() => inspect([path]));
    expect(lines).toEqual([
      `${path}: 1 tensors, 8 bytes of data`,
      '  warning: the header of odd.safetensors begins with white space; the format wants "{" first',
      '  format = pt',
      expect.stringMatching(/^ {2}naïve\S+ {2}F32 {3}\[2\]$/) as string,
    ]);
    expect(value).toBe(0);
  });

  it('prints the footprint of a folder before its tensors, of a config.json alone', async () => {
    const whole = await printed(() => inspect([model]));
    const table = await printed(() => inspect([join(model, 'config.json')]));
    expect(whole.lines.join('\n').startsWith(table.lines.join('\n'))).toBe(true);
    expect(table.lines.join('\n')).toContain('NF4');
    expect(whole.lines).toContain(`${model}: 21 tensors, ${BYTES} bytes of data`);
    expect([whole.value, table.value]).toEqual([0, 0]);
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

  it('reads a checkpoint whose config.json it does not know, and says so', async () => {
    const path = await writeFiles(join(folder, 'other'), randomLlama());
    await writeFile(join(path, 'config.json'), JSON.stringify({ architectures: ['MambaForCausalLM'] }));
    const { value, lines } = await printed(() => inspect([path]));
    expect(lines[0]).toBe(`${path}: 21 tensors, ${BYTES} bytes of data`);
    expect(lines[1]).toMatch(/^ {2}warning: .*MambaForCausalLM/);
    expect(value).toBe(0);
  });

  it('refuses what run refuses: a checkpoint of another quantizer, in a folder or by its config.json', async () => {
    const config = { quantization_config: { quant_method: 'gptq', bits: 4 } };
    const path = await writeFiles(join(folder, 'gptq'), await editModel(randomLlama(), { config }));
    const { value, lines } = await printed(() => inspect([path, join(path, 'config.json')]));
    expect(lines).toEqual([
      expect.stringContaining('refused (unsupported-quantization): config.json says the checkpoint'),
      expect.stringContaining('config.json: refused (unsupported-quantization)'),
    ]);
    expect(value).toBe(2);
  });

  it('says which tensors nothing reads', async () => {
    const files = await editModel(randomLlama(), {
      tensors: (tensors) => tensors.set('model.extra', zeros('F32', 2)),
    });
    const { value, lines } = await printed(async () =>
      inspect([await writeFiles(join(folder, 'extra'), files)]),
    );
    expect(lines).toContain(
      '  warning: not read, because config.json makes no such tensor: 1 tensor, model.extra',
    );
    expect(value).toBe(0);
  });

  it.each([
    [[], 'inspect was given no file; allowed: one or more.'],
    [['--context', '0', 'a'], '--context is 0; allowed: a number of tokens.'],
    [['--context', 'many', 'a'], '--context is many; allowed: a number of tokens.'],
  ])('refuses %j', async (args, message) => {
    await expect(inspect(args)).rejects.toMatchObject({ code: 'bad-arguments', message });
  });
});
