import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/fixtures/golden_files.ts';
import { memoryFiles } from '../../test/fixtures/memory_files.ts';
import { scriptedModel } from '../../test/fixtures/scripted_model.ts';
import golden from '../../test/golden/harness/chat.json';
import { score } from '../eval/score.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import { parseSpec } from '../study/spec.ts';
import { planItems } from './plan.ts';

const fixture = (path: string) => readFile(new URL(`../../test/fixtures/${path}`, import.meta.url), 'utf8');

const [arc, coqa, dev, test] = await Promise.all(
  ['arc.jsonl', 'coqa_domains.json', 'mmlu_dev.csv', 'mmlu_test.csv'].map((name) => fixture(`eval/${name}`)),
);
/** The subject's own rows, as the harness was given them. */
const virology = (text: string) => text.replace(/^anatomy,[^\n]*\n/gm, '');
const data = {
  ...memoryFiles({
    'ARC/ARC-Easy-train.jsonl': arc!,
    'ARC/ARC-Easy-test.jsonl': arc!,
    'coqa-train-v1.0.json': coqa!,
    'coqa-dev-v1.0.json': coqa!,
    'MMLU/dev/virology_dev.csv': virology(dev!),
    'MMLU/test/virology_test.csv': virology(test!),
  }),
  source: 'folder' as const,
};

const openChat = async (template: string) =>
  openChatTemplate(
    goldenFolder('harness/models/tiny-llama', ['config.json', 'tokenizer.json', 'tokenizer_config.json'], {
      'chat_template.jinja': await fixture(`chat/${template}.jinja`),
    }),
    new Date(golden.time),
  );

const planOf = (template: string, task: object) =>
  planItems(
    parseSpec({
      version: 1,
      model: { source: 'local', name: 'tiny' },
      configs: [{ quant_type: 'none' }],
      tasks: [task],
    }),
    [data],
    undefined,
    {},
    () => openChat(template),
  );

describe.each(Object.entries(golden.prompts))('%s', (template, runs) => {
  it.each(Object.entries(runs))('is asked as the harness asks: %s', async (way, run) => {
    const [task, num_fewshot, options, turns] = way.split(',') as [TaskName, string, string, string];
    const { items } = await planOf(template, {
      task,
      num_fewshot: Number(num_fewshot),
      apply_chat_template: true,
      ...(turns === 'one' && { fewshot_as_multiturn: false }),
      ...(options === 'instruction' && { system_instruction: golden.instruction }),
    });
    const inOrder = items.toSorted((a, b) => a.doc_id - b.doc_id);
    if ('first' in run) expect(inOrder[0]!.doc).toMatchObject({ context: run.first });
    const model = scriptedModel();
    for (const { doc, doc_id } of inOrder) await score(doc, doc_id, model);
    expect(createHash('sha256').update(model.asked.join('')).digest('hex')).toBe(run.asked_sha256);
  });
});

describe('the record of a chat template', () => {
  it('says where a system turn was left out', async () => {
    const { chat_template } = await planOf('gemma', { task: 'mmlu_virology', apply_chat_template: true });
    expect(chat_template).toMatchObject({ file: 'chat_template.jinja', without_system: ['mmlu_virology'] });
    const plain = await planOf('gemma', { task: 'arc_easy', apply_chat_template: true });
    expect(plain.chat_template).not.toHaveProperty('without_system');
  });

  it('says which date it puts in', async () => {
    const { chat_template } = await planOf('llama3', { task: 'arc_easy', apply_chat_template: true });
    expect(chat_template).toMatchObject({ date: 'Tue Feb 03 2026' });
    const plain = await planOf('phi3', { task: 'arc_easy', apply_chat_template: true });
    expect(plain.chat_template).not.toHaveProperty('date');
  });

  it('is there only where one was used', async () => {
    const { chat_template, items } = await planOf('none', {
      task: 'arc_easy',
      system_instruction: 'Be brief.',
    });
    expect(chat_template).toBeUndefined();
    // As the harness does, with nothing between.
    expect(items[0]!.doc).toMatchObject({
      context: expect.stringMatching(/^Be brief\.Question: /) as string,
    });
    expect(TASKS.arc_easy.description).toBeUndefined();
  });
});
