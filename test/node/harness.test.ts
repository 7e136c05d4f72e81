import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskModel, diskSource } from '../../src/cli/disk.ts';
import arc from '../fixtures/eval/arc.jsonl?raw';
import coqa from '../fixtures/eval/coqa_domains.json?raw';
import wiki from '../fixtures/eval/wiki.raw?raw';
import { loadDocs } from '../../src/eval/tasks/load.ts';
import { memoryFiles } from '../fixtures/memory_files.ts';
import { aggregate } from '../../src/eval/stats/metric.ts';
import type { ItemResult } from '../../src/eval/item.ts';
import type { DataFiles, Task } from '../../src/eval/tasks/task.ts';
import { TASKS, findTask } from '../../src/eval/tasks/tasks.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import type { LanguageModel } from '../../src/model/language_model.ts';
import { openModel } from '../../src/model/open_model.ts';
import type { QuantConfig } from '../../src/quant/config.ts';
import { dataFolder } from '../fixtures/data_folder.ts';
import { goldenFolder } from '../fixtures/golden_files.ts';
import {
  expectAsHarness,
  withLanguageModel,
  type HarnessGroup,
  type HarnessRun,
} from '../fixtures/harness_check.ts';

const folder = dataFolder();

/** SmolLM2-135M-Instruct as a Hub checkpoint in BF16, 269 MB. */
const smollm2 = process.env.NIBBLE_SMOLLM2 ?? '';
const hasSmollm2 = folder !== undefined && existsSync(join(smollm2, 'model.safetensors'));

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const NF4: QuantConfig = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' };

/**
 * A software adapter takes long for all items of stories260K, so every tenth is asked and the others are scored from
 * the harness's own log-likelihoods; NIBBLE_HARNESS names another share.
 */
const oneIn = (usual: number) => Number(process.env.NIBBLE_HARNESS ?? usual);

const real: DataFiles = {
  where: folder ?? '',
  open: (path) => diskSource(join(folder!, path), path).catch(() => undefined),
};
const own = memoryFiles({
  'ARC/ARC-Easy-train.jsonl': arc,
  'ARC/ARC-Easy-test.jsonl': arc,
  'wikitext/wiki.test.raw': wiki,
  'coqa-dev-v1.0.json': coqa,
});

interface Golden {
  own?: Record<string, HarnessRun>;
  real?: Record<string, HarnessRun | HarnessGroup>;
}
const golden = async (name: string): Promise<Golden> =>
  JSON.parse(await readFile(new URL(`../golden/harness/${name}.json`, import.meta.url), 'utf8')) as Golden;

/** 'arc_easy_5' is the task arc_easy with five examples, 'wikitext' the task of that name. */
function parseRun(run: string): { task: Task; num_fewshot: number } {
  const [, name, shots] = /^(.+?)(?:_(\d+))?$/.exec(run)!;
  return { task: findTask(name!), num_fewshot: Number(shots ?? 0) };
}

async function expectAll(
  model: LanguageModel,
  label: string,
  { own: ours = {}, real: theirs = {} }: Golden,
  every: number,
) {
  for (const [run, expected] of Object.entries(ours)) {
    await expectRun(model, label, run, own, expected, every);
  }
  for (const [run, expected] of Object.entries(theirs)) {
    if ('subjects' in expected) await expectMmlu(model, label, run, expected, every);
    else await expectRun(model, label, run, real, expected, every);
  }
}

async function expectRun(
  model: LanguageModel,
  label: string,
  run: string,
  data: DataFiles,
  expected: HarnessRun,
  every: number,
): Promise<void> {
  const { task, num_fewshot } = parseRun(run);
  const docs = await loadDocs(task, data, { num_fewshot });
  await expectAsHarness(model, task, docs, expected, { row: label, column: run, every });
}

/** Ends what hangs; a software adapter takes minutes, or with every score an hour. */
const LONG = { timeout: 36_000_000 };

/** Subject by subject as the harness asks, and put together as it does. */
async function expectMmlu(
  model: LanguageModel,
  label: string,
  run: string,
  { subjects, values }: HarnessGroup,
  every: number,
): Promise<void> {
  const { num_fewshot } = parseRun(run);
  const items: ItemResult[] = [];
  for (const [subject, expected] of Object.entries(subjects)) {
    const task = findTask(`mmlu_${subject}`);
    const docs = await loadDocs(task, real, { num_fewshot });
    items.push(...(await expectAsHarness(model, task, docs, expected, { row: label, column: run, every })));
  }
  const { acc } = aggregate(TASKS.mmlu.metrics, items);
  expect(acc!.value).toBeCloseTo(values.acc!, 6);
  if (Number.isFinite(values.acc_stderr)) expect(acc!.stderr).toBeCloseTo(values.acc_stderr!, 6);
}

describe.skipIf(!folder)('stories260K as lm-evaluation-harness scores it (needs $NIBBLE_DATA)', LONG, () => {
  const ask = async (part: 'own' | 'real', runs: RegExp) => {
    const all = (await golden('stories260K'))[part] as Record<string, HarnessRun>;
    const chosen = Object.fromEntries(Object.entries(all).filter(([run]) => runs.test(run)));
    expect(Object.keys(chosen).length).toBeGreaterThan(0);
    const files = await openModel(await diskModel(join(folder!, 'models/stories260K')));
    await withLanguageModel(gpu, files, FLOAT, (model) =>
      expectAll(model, 'stories260K', { [part]: chosen }, oneIn(10)),
    );
  };

  it('our own questions, pages and conversations', () => ask('own', /./));
  it('ARC-Easy: 100 real items, without examples and with five', () => ask('real', /^arc_easy/));
  it('ARC-Challenge: 100 real items, and 20 with 25 examples cut to the context', () =>
    ask('real', /^arc_challenge/));
  it('MMLU: 100 real items of five subjects, without examples and with five', () => ask('real', /^mmlu/));
  it('WikiText-2: ten pages', () => ask('real', /^wikitext/));
});

describe.skipIf(!folder)('a classifier of random weights (needs AGNews/ in $NIBBLE_DATA)', () => {
  it('puts 100 real AG News texts where transformers puts them, scored by scikit-learn', async () => {
    const { ag_news } = (await golden('tiny-gpt2')).real as Record<string, HarnessRun>;
    const docs = await loadDocs(TASKS.ag_news, real);
    const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
    const files = await openModel(goldenFolder('harness/models/tiny-gpt2-classifier', names));
    await withLanguageModel(gpu, files, FLOAT, (model) =>
      expectAsHarness(model, TASKS.ag_news, docs, ag_news!, {
        row: 'tiny-gpt2-classifier',
        column: 'ag_news',
      }),
    );
  });
});

describe.skipIf(!hasSmollm2)(
  'SmolLM2-135M-Instruct as lm-evaluation-harness scores it (needs $NIBBLE_SMOLLM2 and $NIBBLE_DATA)',
  LONG,
  () => {
    it.each([
      ['smollm2-135m', FLOAT],
      ['smollm2-135m-nf4', NF4],
    ] as const)('%s', async (name, quant) => {
      const files = await openModel(await diskModel(smollm2));
      await withLanguageModel(gpu, files, quant, async (model) =>
        expectAll(model, name, await golden(name), oneIn(1)),
      );
    });
  },
);
