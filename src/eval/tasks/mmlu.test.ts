import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MultipleChoiceDoc, describe as describeDoc } from '../doc.ts';
import type { MultipleChoiceItem } from '../item.ts';
import { loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { MMLU_SUBJECTS, MMLU_TEST_SIZES } from './mmlu.ts';
import { TASKS } from './tasks.ts';

const fixture = (name: string) => readFile(join(import.meta.dirname, '../../../test/fixtures/eval', name));

const all = async () =>
  memoryFiles({
    'all/test-00000-of-00001.parquet': await fixture('mmlu_test.parquet'),
    'all/dev-00000-of-00001.parquet': await fixture('mmlu_dev.parquet'),
  });

const load = async (num_fewshot: number) =>
  (await loadDocs(TASKS.mmlu, await all(), { num_fewshot })) as MultipleChoiceDoc[];

describe('MMLU', () => {
  it('has 57 subjects, each a task of its own', () => {
    expect(new Set(MMLU_SUBJECTS).size).toBe(57);
    expect([...MMLU_SUBJECTS].sort()).toEqual([...MMLU_SUBJECTS]);
    expect(TASKS.mmlu_high_school_physics).toMatchObject({
      name: 'mmlu_high_school_physics',
      title: 'MMLU, high school physics',
    });
  });

  it('writes the prompt the harness writes, the question without its white space', async () => {
    const docs = await load(0);
    expect(docs[3]).toEqual({
      output_type: 'multiple_choice',
      group: 'virology',
      question: 'Which of these needs a cell to multiply?',
      context:
        'The following are multiple choice questions (with answers) about virology.\n\n' +
        'Which of these needs a cell to multiply?\nA. a virus\nB. a yeast\nC. an alga\nD. a moss\nAnswer:',
      choices: ['A', 'B', 'C', 'D'],
      shown: ['a virus', 'a yeast', 'an alga', 'a moss'],
      gold: 0,
    });
    expect(describeDoc(docs[3]!)).toMatchObject({ gold: ['a virus'] });
  });

  it('counts through the subjects in order, wherever they stand in the file', async () => {
    expect((await load(0)).map(({ group, gold }) => [group, gold])).toEqual([
      ['anatomy', 2],
      ['anatomy', 0],
      ['anatomy', 3],
      ['virology', 0],
      ['virology', 1],
    ]);
  });

  it('shows the first examples of the own subject, the same to every question', async () => {
    const example = (subject: string, i: number, listed: string, letter: string) =>
      `Dev question ${i} of ${subject}?\n${listed}Answer: ${letter}\n\n`;
    const docs = await load(2);
    const anatomy = 'A. I\nB. II\nC. III\nD. IV\n';
    const virology = 'A. one\nB. two\nC. three\nD. four\n';
    const begins = [
      example('anatomy', 0, anatomy, 'B') + example('anatomy', 1, anatomy, 'C'),
      example('virology', 0, virology, 'A') + example('virology', 1, virology, 'B'),
    ];
    for (const { group, context, question } of docs) {
      const about = `The following are multiple choice questions (with answers) about ${group}.\n\n`;
      expect(context.startsWith(`${about}${begins[group === 'anatomy' ? 0 : 1]}${question}\nA. `)).toBe(true);
    }
    await expect(load(6)).rejects.toMatchObject({
      message: 'mmlu: num_fewshot is 6; allowed: 0 to 5, the dev split has 5 docs of anatomy',
    });
  });

  it("reads one subject of the originals' CSV, with letters or numbers, with a header or without", async () => {
    const rows = '"A ""quoted"", question",one,two,three,four,C\nThe next?,a,b,c,d,A\n';
    const numbered = `question,choice0,choice1,choice2,choice3,answer\n${rows}`
      .replace(',C\n', ',2\n')
      .replace(',A\n', ',0\n');
    const docs = await loadDocs(
      TASKS.mmlu_high_school_physics,
      memoryFiles({ 'data/test/high_school_physics_test.csv': rows }),
    );
    expect(docs[0]).toMatchObject({ question: 'A "quoted", question', gold: 2 });
    expect((docs[0] as MultipleChoiceDoc).context).toContain(
      'about high school physics.\n\nA "quoted", question\nA. one\n',
    );
    const files = memoryFiles({ 'MMLU/test/high_school_physics_test.csv': numbered });
    expect(await loadDocs(TASKS.mmlu_high_school_physics, files)).toEqual(docs);
  });

  it('takes all subjects from 57 files, and none if one is missing', async () => {
    const files = Object.fromEntries(
      MMLU_SUBJECTS.map((subject) => [`MMLU/test/${subject}_test.csv`, `About ${subject}?,a,b,c,d,D\n`]),
    );
    const docs = (await loadDocs(TASKS.mmlu, memoryFiles(files))) as MultipleChoiceDoc[];
    expect(docs.map(({ group }) => group)).toEqual(MMLU_SUBJECTS);
    delete files['MMLU/test/virology_test.csv'];
    await expect(loadDocs(TASKS.mmlu, memoryFiles(files))).rejects.toMatchObject({
      code: 'missing-data',
      message: expect.stringContaining('MMLU/test/abstract_algebra_test.csv and 56 more') as string,
    });
  });

  it.each([
    ['an answer that is no choice', 'Q,a,b,c,d,E\n', 'answer is "E"; allowed: A, B, C, D, 0, 1, 2, 3, 4'],
    ['an empty choice', 'Q,a,,c,d,A\n', 'B is ""; allowed: a text that is not empty'],
    ['a field too few', 'Q,a,b,c,A\n', 'the number of fields is 5; allowed: 6: question, A, B, C, D'],
  ])('refuses %s', async (_, row, message) => {
    const files = memoryFiles({ 'MMLU/test/virology_test.csv': `Q,a,b,c,d,A\n${row}` });
    await expect(loadDocs(TASKS.mmlu_virology, files)).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringContaining(`MMLU/test/virology_test.csv, line 2: ${message}`) as string,
    });
  });

  it('has a row for each subject', () => {
    const item = (doc_id: number, group: string, acc: number) =>
      ({ doc_id, output_type: 'multiple_choice', group, acc }) as MultipleChoiceItem;
    const items = [item(0, 'virology', 1), item(1, 'anatomy', 0), item(2, 'virology', 0)];
    expect(TASKS.mmlu.groups!(items)).toMatchObject([
      { name: 'anatomy', n: 1, metrics: { acc: { value: 0, stderr: null } } },
      { name: 'virology', n: 2, metrics: { acc: { value: 0.5, stderr: 0.5 } } },
    ]);
  });
});

it('knows how many questions each subject’s test split has', () => {
  expect(MMLU_TEST_SIZES).toHaveLength(MMLU_SUBJECTS.length);
  expect(MMLU_TEST_SIZES.reduce((sum, size) => sum + size, 0)).toBe(TASKS.mmlu.size!.items);
});
