import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FORM_NAMES } from '../../src/gpu/matrix/choose.ts';
import type { ExperimentResult } from '../../src/study/result.ts';
import { startLab } from '../fixtures/lab_process.ts';
import { randomLlama } from '../fixtures/random_llama.ts';
import { writeFiles } from '../fixtures/write_files.ts';
import { writeCheckpoints, writeCorpus } from '../fixtures/safetensors/write_corpus.ts';

const folder = await mkdtemp(join(tmpdir(), 'nibble-cli-'));
afterAll(() => rm(folder, { recursive: true }));

const lab = (...args: string[]) => startLab(args).exit;

async function saved(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A random Llama as a folder on disk. */
const modelFolder = () => writeFiles(join(folder, 'model'), randomLlama());

const spec = {
  version: 1,
  model: { source: 'local', name: 'random' },
  configs: [{ quant_type: 'none' }, { quant_type: 'nf4', blocksize: 32 }],
  tasks: [{ task: 'mini_arc', limit: 2 }],
};

interface Verdict {
  file: string;
  ok: boolean;
  error: { code: string; message: string } | null;
  tensors: unknown[];
}

describe('inspect', () => {
  it('gives every file of the corpus its verdict', async () => {
    const cases = writeCorpus(join(folder, 'corpus'));
    const { status, stdout } = await lab('inspect', '--json', ...cases.map(({ path }) => path));
    const verdicts = JSON.parse(stdout) as Verdict[];
    expect(verdicts.map(({ ok, error }) => (ok ? 'ok' : error!.code))).toEqual(
      cases.map((c) => c.case.verdict),
    );
    expect(verdicts.map(({ file }) => file)).toEqual(cases.map(({ path }) => path));
    expect(verdicts.filter(({ error }) => error && !error.message)).toEqual([]);
    expect(status).toBe(2);
  });

  it('reads folders, too', async () => {
    const cases = writeCheckpoints(join(folder, 'checkpoints')).filter((each) => each.case.verdict === 'ok');
    const { status, stdout } = await lab('inspect', '--json', ...cases.map(({ path }) => path));
    expect((JSON.parse(stdout) as Verdict[]).filter(({ ok }) => !ok)).toEqual([]);
    expect(status).toBe(0);
  });

  it('prints a table of tensors', async () => {
    const { status, stdout } = await lab('inspect', join(await modelFolder(), 'model.safetensors'));
    expect(stdout).toMatch(/model\.embed_tokens\.weight +BF16 +\[211, 60\]/);
    expect(status).toBe(0);
  });
});

const NO_FORM = `kernels names tile_33; allowed: ${FORM_NAMES.map(({ form }) => form).join(', ')}.`;

describe('bad input', () => {
  it.each([
    [
      ['conquer'],
      'conquer is not a command; allowed: run, quantize, inspect, report, compare, export, shards, merge, mix, selfcheck, bench.',
    ],
    [['inspect'], 'inspect was given no file; allowed: one or more.'],
    [['run'], 'run was given 0 specs; allowed: one file or link.'],
    [['bench', '--seconds', '0'], '--seconds is 0; allowed: a number above 0, up to 3600.'],
    ...[['run', 'examples/nf4-vs-fp4.json'], ['selfcheck'], ['bench']].map((command): [string[], string] => [
      [...command, '--kernels', 'tile_33'],
      NO_FORM,
    ]),
    [['run', 'nowhere.json'], 'nowhere.json is neither a file that can be read nor a link with a spec.'],
    [['run', 'x.json', '--runtime', 'deno'], '--runtime is deno; allowed: browser, node.'],
    [
      ['run', 'x.json', '--fast'],
      "Unknown option '--fast'; allowed: --model, --data, --adapter, --kernels, --lora, --runtime, --out, --resume, --shard, --mixed, --json.",
    ],
    [
      ['run', 'https://host/#/experiment?spec=9.abc'],
      'The link is of form 9, which is newer than this page; allowed: form 1.',
    ],
  ])('%j: one line, status 2', async (args, message) => {
    const { status, stderr } = await lab(...args);
    expect(stderr.trim()).toBe(message);
    expect(status).toBe(2);
  });

  it('names the key of a spec', async () => {
    const path = await saved('unknown.json', { ...spec, sead: 1 });
    const { status, stderr } = await lab('run', path);
    expect(stderr).toContain(`${path}: sead is an unknown key; allowed: version, title, model`);
    expect(status).toBe(2);
    const broken = await saved('broken.json', '{');
    expect((await lab('run', broken)).stderr).toContain(`${broken} is not JSON`);
  });

  it('asks for the folder of a local model', async () => {
    const { status, stderr } = await lab('run', await saved('spec.json', spec), '--runtime', 'node');
    expect(stderr).toContain("The spec's model random is local; give its folder with --model DIR.");
    expect(status).toBe(2);
  });

  it('says what is wrong with a model', async () => {
    const model = await modelFolder();
    const file = join(model, 'model.safetensors');
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 100));
    const { status, stderr } = await lab(
      'run',
      await saved('spec.json', spec),
      '--runtime',
      'node',
      '--model',
      model,
    );
    expect(stderr).toMatch(/stopped: model\.safetensors .*100/);
    expect(status).toBe(2);
  });
});

describe('run', () => {
  it('measures in Node, prints the table and writes the result', async () => {
    const out = join(folder, 'out.json');
    const args = ['--runtime', 'node', '--model', await modelFolder(), '--out', out, '--kernels', 'tile_32'];
    const { status, stdout, stderr } = await lab('run', await saved('spec.json', spec), ...args);
    expect(stderr).toMatch(/[0-9]+ kernels right/);
    expect(stdout).toMatch(/\| NF4 · 32 +\| 5\./);
    const result = JSON.parse(await readFile(out, 'utf8')) as ExperimentResult;
    expect(result.runs.map(({ tasks }) => tasks[0]!.n)).toEqual([2, 2]);
    expect(result.environment.kernels?.tile).toBe('tile_32');
    expect(result.runs[1]!.config).toMatchObject({ quant_type: 'nf4', blocksize: 32 });
    expect(status).toBe(0);
    const same = await lab('compare', out, out);
    expect(same.stdout).toContain('Reproduced bit for bit: all 4 answers are the same.');
    expect(same.status).toBe(0);
  });
});
