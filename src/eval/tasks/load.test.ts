import { describe, expect, it } from 'vitest';
import type { MultipleChoiceDoc } from '../doc.ts';
import { drawShots, loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { TASKS, findTask } from './tasks.ts';

const arc = (...words: string[]) =>
  words
    .map((word) =>
      JSON.stringify({
        question: `${word}?`,
        choices: { text: [`no ${word}`, `a ${word}`], label: ['1', '2'] },
        answerKey: '2',
      }),
    )
    .join('\n');

describe('few-shot examples', () => {
  it('are drawn doc by doc from one stream', () => {
    const from = { docs: 2, pool: 2251, num_fewshot: 2, spare: false, own: false };
    expect(drawShots(from)).toEqual([
      [1805, 478],
      [30, 371],
    ]);
    // The spare draw moves every later doc, though it is thrown away.
    expect(drawShots({ ...from, spare: true })).toEqual([
      [1805, 478],
      [371, 143],
    ]);
  });

  it('never show a doc its own answer', () => {
    const shots = drawShots({ docs: 9, pool: 9, num_fewshot: 5, spare: true, own: true });
    expect(shots.map((each) => each.length)).toEqual(Array(9).fill(5));
    expect(shots.filter((each, doc_id) => each.includes(doc_id))).toEqual([]);
  });

  it('stand before the question with their answers, two line feeds between', async () => {
    const data = memoryFiles({
      'ARC/ARC-Easy-train.jsonl': arc('hen', 'cow', 'ewe'),
      'ARC/ARC-Easy-test.jsonl': arc('fox', 'owl'),
    });
    const docs = (await loadDocs(TASKS.arc_easy, data, { num_fewshot: 1 })) as MultipleChoiceDoc[];
    const [[first]] = drawShots({ docs: 2, pool: 3, num_fewshot: 1, spare: false, own: false }) as [[number]];
    const word = ['hen', 'cow', 'ewe'][first]!;
    expect(docs[0]!.context).toBe(`Question: ${word}?\nAnswer: a ${word}\n\nQuestion: fox?\nAnswer:`);
    expect(docs[0]!.question).toBe('fox?');
  });

  it.each([
    [-1, 'arc_easy: num_fewshot is -1; allowed: 0, 1, 2, …'],
    [1.5, 'arc_easy: num_fewshot is 1.5; allowed: 0, 1, 2, …'],
    [4, 'arc_easy: num_fewshot is 4; allowed: 0 to 3, the train split has 3 docs'],
  ])('refuses num_fewshot %s', async (num_fewshot, message) => {
    const data = memoryFiles({
      'ARC/ARC-Easy-train.jsonl': arc('hen', 'cow', 'ewe'),
      'ARC/ARC-Easy-test.jsonl': arc('fox'),
    });
    await expect(loadDocs(TASKS.arc_easy, data, { num_fewshot })).rejects.toMatchObject({
      code: 'bad-spec',
      message,
    });
  });

  it('need one doc more where the doc itself is in the pool', async () => {
    const data = memoryFiles({ 'mini_arc.jsonl': arc('fox', 'owl') });
    await expect(loadDocs(TASKS.mini_arc, data, { num_fewshot: 1 })).resolves.toHaveLength(2);
    await expect(loadDocs(TASKS.mini_arc, data, { num_fewshot: 2 })).rejects.toMatchObject({
      message: 'mini_arc: num_fewshot is 2; allowed: 0 to 1, the test split has 2 docs',
    });
  });

  it('are refused where the task takes none', async () => {
    const data = memoryFiles({ 'mini_text.jsonl': '{"text": "x"}' });
    await expect(loadDocs(TASKS.mini_text, data, { num_fewshot: 2 })).rejects.toMatchObject({
      code: 'bad-spec',
      message: 'mini_text: num_fewshot is 2; allowed: 0, it takes no examples',
    });
  });
});

describe('files and names', () => {
  it('tries the paths in order', async () => {
    const both = { 'ARC/ARC-Easy-test.jsonl': arc('fox'), 'ARC-Easy/test.jsonl': arc('hen', 'owl') };
    expect(await loadDocs(TASKS.arc_easy, memoryFiles(both))).toHaveLength(1);
    expect(
      await loadDocs(TASKS.arc_easy, memoryFiles({ 'ARC-Easy/test.jsonl': arc('hen', 'owl') })),
    ).toHaveLength(2);
  });

  it('reads another split', async () => {
    const data = memoryFiles({ 'ARC/ARC-Easy-validation.jsonl': arc('fox', 'owl') });
    expect(await loadDocs(TASKS.arc_easy, data, { split: 'validation' })).toHaveLength(2);
    await expect(loadDocs(TASKS.coqa, data, { split: 'test' })).rejects.toMatchObject({
      code: 'bad-spec',
      message: 'coqa: split is test; allowed: train, validation',
    });
  });

  it('names a missing file and where it was looked for', async () => {
    await expect(loadDocs(TASKS.wikitext, memoryFiles({}))).rejects.toMatchObject({
      code: 'missing-data',
      message:
        'wikitext needs wikitext/wiki.test.raw or wikitext-2-raw/wiki.test.raw or wiki.test.raw or ' +
        'wikitext/wikitext-2-raw-v1/test-00000-of-00001.parquet or wikitext-2-raw-v1/test-00000-of-00001.parquet or ' +
        'Salesforce/wikitext/wikitext-2-raw-v1/test-00000-of-00001.parquet; not found in the test',
    });
  });

  it('knows its tasks by name', () => {
    for (const [name, task] of Object.entries(TASKS)) {
      expect(task.name).toBe(name);
      expect(task.metrics).toContain(task.primary_metric);
      expect(findTask(name)).toBe(task);
    }
    expect(() => findTask('toString')).toThrow(
      'task is toString; allowed: mini_arc, mini_coqa, mini_text, mini_news, arc_easy, arc_challenge, ' +
        'mmlu, mmlu_<subject>, coqa, coqa_official, ag_news, wikitext, text',
    );
  });
});
