import { afterAll, describe, it } from 'vitest';
import agNews from '../fixtures/eval/ag_news.csv?raw';
import arc from '../fixtures/eval/arc.jsonl?raw';
import wiki from '../fixtures/eval/wiki.raw?raw';
import { loadDocs } from '../../src/eval/tasks/load.ts';
import { memoryFiles } from '../fixtures/memory_files.ts';
import { TASKS } from '../../src/eval/tasks/tasks.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { openChatTemplate } from '../../src/model/chat/chat_template.ts';
import type { RenderChat } from '../../src/model/chat/message.ts';
import { openModel } from '../../src/model/open_model.ts';
import type { QuantConfig } from '../../src/quant/config.ts';
import { goldenFolder, goldenJson } from '../fixtures/golden_files.ts';
import { expectAsHarness, withLanguageModel, type HarnessRun } from '../fixtures/harness_check.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
const open = (name: string) => openModel(goldenFolder(`harness/models/${name}`, FILES));

const TEMPLATES = import.meta.glob<string>('../fixtures/chat/*.jinja', {
  query: '?raw',
  import: 'default',
  eager: true,
});

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

type Chat = { scores: Record<string, HarnessRun> };

describe('through a chat template, as lm-evaluation-harness scores it', async () => {
  const { scores } = await goldenJson<Chat>('harness/chat.json');
  it.each(Object.entries(scores))('%s', async (name, run) => {
    const [model, template] = name.split(' ') as [string, string];
    const files = goldenFolder(`harness/models/${model}`, FILES, {
      'chat_template.jinja': TEMPLATES[`../fixtures/chat/${template}.jinja`]!,
    });
    const opened = await openChatTemplate(files, new Date());
    const chat: RenderChat = (messages) => opened.render(messages).text;
    const docs = await loadDocs(TASKS.arc_easy, data, { apply_chat_template: true }, chat);
    await withLanguageModel(gpu, await openModel(files), FLOAT, (lm) =>
      expectAsHarness(lm, TASKS.arc_easy, docs, run, { row: name, column: 'arc_easy' }),
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
