import { afterAll, describe, it } from 'vitest';
import agNews from '../fixtures/eval/ag_news.csv?raw';
import arc from '../fixtures/eval/arc.jsonl?raw';
import wiki from '../fixtures/eval/wiki.raw?raw';
import { loadDocs } from '../../src/eval/tasks/load.ts';
import { memoryFiles } from '../fixtures/memory_files.ts';
import { TASKS } from '../../src/eval/tasks/tasks.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { openModel } from '../../src/model/open_model.ts';
import type { QuantConfig } from '../../src/quant/config.ts';
import { goldenFolder, goldenJson } from '../fixtures/golden_files.ts';
import { expectAsHarness, withLanguageModel, type HarnessRun } from '../fixtures/harness_check.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
const open = (name: string) => openModel(goldenFolder(`harness/models/${name}`, FILES));

const data = memoryFiles({
  'ARC/ARC-Easy-train.jsonl': arc,
  'ARC/ARC-Easy-test.jsonl': arc,
  'wikitext/wiki.test.raw': wiki,
  'AGNews/test.csv': agNews,
});

type Own = Record<'arc_easy_0' | 'arc_easy_3' | 'wikitext' | 'ag_news', HarnessRun>;

/** Random weights, a context of 128 tokens: three examples do not fit, and a page takes several windows. */
describe.each(['tiny-llama', 'tiny-qwen2', 'tiny-gpt2'])('%s as lm-evaluation-harness scores it', (name) => {
  it.each(['arc_easy_0', 'arc_easy_3', 'wikitext'] as const)('%s', async (run) => {
    const { own } = await goldenJson<{ own: Own }>(`harness/${name}.json`);
    const task = run === 'wikitext' ? TASKS.wikitext : TASKS.arc_easy;
    const docs = await loadDocs(task, data, { num_fewshot: run === 'arc_easy_3' ? 3 : 0 });
    await withLanguageModel(gpu, await open(name), FLOAT, (model) =>
      expectAsHarness(model, task, docs, own[run], { row: name, column: run }),
    );
  });
});

it('a classifier scores AG News as transformers and scikit-learn do', async () => {
  const { own } = await goldenJson<{ own: Own }>('harness/tiny-gpt2.json');
  const docs = await loadDocs(TASKS.ag_news, data);
  await withLanguageModel(gpu, await open('tiny-gpt2-classifier'), FLOAT, (model) =>
    expectAsHarness(model, TASKS.ag_news, docs, own.ag_news, {
      row: 'tiny-gpt2-classifier',
      column: 'ag_news',
    }),
  );
});
