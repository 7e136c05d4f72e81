import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import type { MultipleChoiceDoc } from '../doc.ts';
import { loadDocs } from './load.ts';
import { TASKS } from './tasks.ts';

const fixture = (name: string) => readFile(join(import.meta.dirname, '../../../test/fixtures/eval', name));

const quoted = (field: string | number) => `"${String(field).replaceAll('"', '""')}"`;
const csv = (rows: readonly (readonly (string | number)[])[]) =>
  rows.map((row) => row.map(quoted).join(',') + '\n').join('');
const jsonl = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row) + '\n').join('');

interface ArcRow {
  id: string;
  question: string;
  choices: { text: string[]; label: string[] };
  answerKey: string;
}

describe("AI2's own layouts of ARC give the docs of the Hub's", async () => {
  const hub = (await fixture('arc.jsonl')).toString();
  const rows = hub
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ArcRow);
  const load = (path: string, text: string) => loadDocs(TASKS.arc_easy, memoryFiles({ [path]: text }));

  it.each([
    'ARC-Easy/ARC-Easy-Test.jsonl',
    'ARC/ARC-Easy/ARC-Easy-Test.jsonl',
    'ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Test.jsonl',
    'ARC/ARC-Easy-test.jsonl',
  ])('%s', async (path) => {
    const own = rows.map(({ id, question, choices, answerKey }) => ({
      id,
      question: {
        stem: question,
        choices: choices.text.map((text, i) => ({ text, label: choices.label[i] })),
      },
      answerKey,
    }));
    expect(await load(path, jsonl(own))).toEqual(await load('ARC/ARC-Easy-test.jsonl', hub));
  });

  const header =
    'questionID,originalQuestionID,totalPossiblePoint,AnswerKey,isMultipleChoiceQuestion,includesDiagram,examName,schoolGrade,year,question,subject,category';
  const line = (id: string, key: string, question: string) => [
    id,
    1,
    1,
    key,
    1,
    0,
    'Exam',
    5,
    2007,
    question,
    '',
    'Test',
  ];

  it('ARC-Easy-Test.csv, whose question holds its choices', async () => {
    // Its marks are in order; labels that are not cannot come from it.
    const ordered = rows.filter(({ choices: { label } }) =>
      label.every((each, i) => each === 'ABCDE'[i] || each === '12345'[i]),
    );
    const lines = ordered.map(({ id, question, choices, answerKey }) =>
      line(
        id,
        answerKey,
        `${question} ${choices.text.map((text, i) => `(${choices.label[i]}) ${text}`).join(' ')}`,
      ),
    );
    expect(ordered.length).toBeGreaterThan(5);
    expect(await load('ARC-Easy/ARC-Easy-Test.csv', `${header}\n${csv(lines)}`)).toEqual(
      await load('ARC/ARC-Easy-test.jsonl', jsonl(ordered)),
    );
  });

  it.each([
    ['a mark twice', 'Is it (A) or (B)? (A) one (B) two'],
    ['a mark left out', 'Which? (A) one (C) two'],
    ['no marks', 'Why is it so?'],
  ])('refuses %s in a CSV question', async (_, question) => {
    await expect(
      load('ARC-Easy/ARC-Easy-Test.csv', `${header}\n${csv([line('x', 'A', question)])}`),
    ).rejects.toMatchObject({
      code: 'bad-data',
      message: `ARC-Easy/ARC-Easy-Test.csv, line 2: question is ${JSON.stringify(question)}; allowed: a question with (A), (B), … or (1), (2), … before its choices`,
    });
  });

  it('names what a JSON line of its own lacks', async () => {
    await expect(
      load(
        'ARC-Easy/ARC-Easy-Test.jsonl',
        jsonl([{ question: { stem: '?', choices: [{ text: 'a' }] }, answerKey: 'A' }]),
      ),
    ).rejects.toMatchObject({
      message:
        'ARC-Easy/ARC-Easy-Test.jsonl, line 1: question.choices[0].label is missing; allowed: a text that is not empty',
    });
  });
});

describe('copies of MMLU give the docs of the Hub’s', async () => {
  const docs = (await loadDocs(
    TASKS.mmlu,
    memoryFiles({ 'all/test-00000-of-00001.parquet': await fixture('mmlu_test.parquet') }),
  )) as MultipleChoiceDoc[];
  const rows = docs
    .filter(({ group }) => group === 'anatomy')
    .map(({ question, shown, gold }) => ({ question, choices: shown!, gold }));
  const anatomy = docs.filter(({ group }) => group === 'anatomy');
  const load = (path: string, text: string | Uint8Array) =>
    loadDocs(TASKS.mmlu_anatomy, memoryFiles({ [path]: text }));
  const letter = (gold: number) => 'ABCD'[gold]!;

  const four = (header: readonly string[] | undefined, name: (gold: number) => string | number) =>
    csv([
      ...(header ? [header] : []),
      ...rows.map(({ question, choices, gold }) => [question, ...choices, name(gold)]),
    ]);

  it.each([
    ['the originals: no header, letters', four(undefined, letter)],
    ['question, A to D, a letter', four(['question', 'A', 'B', 'C', 'D', 'answer'], letter)],
    ['numbers from 0', four(['question', 'A', 'B', 'C', 'D', 'answer'], (gold) => gold)],
    [
      'numbers from 1',
      four(['question', 'option1', 'option2', 'option3', 'option4', 'answer'], (gold) => gold + 1),
    ],
    ['Kaggle’s prompt', four(['prompt', 'A', 'B', 'C', 'D', 'answer'], letter)],
    ['input and target', four(['input', 'A', 'B', 'C', 'D', 'target'], letter)],
    [
      'headers in capitals',
      four(['Question', 'choice_A', 'choice_B', 'choice_C', 'choice_D', 'Answer'], letter),
    ],
    [
      'another order and an index',
      csv([
        ['', 'answer', 'D', 'C', 'B', 'A', 'question'],
        ...rows.map(({ question, choices, gold }, i) => [i, letter(gold), ...choices.toReversed(), question]),
      ]),
    ],
    [
      'choices as JSON',
      csv([
        ['question', 'choices', 'answer'],
        ...rows.map(({ question, choices, gold }) => [question, JSON.stringify(choices), gold]),
      ]),
    ],
  ])('%s', async (_, text) => {
    expect(await load('MMLU/test/anatomy_test.csv', text)).toEqual(anatomy);
  });

  it('all subjects in one file, as CSV or JSON lines', async () => {
    const lines = docs.map(({ question, shown, gold, group }) => ({
      answer: gold,
      choices: shown,
      subject: group,
      question,
    }));
    const table = csv([
      ['subject', 'question', 'choice0', 'choice1', 'choice2', 'choice3', 'answer'],
      ...docs.map(({ question, shown, gold, group }) => [group!, question, ...shown!, gold]),
    ]);
    for (const files of [{ 'MMLU/test.jsonl': jsonl(lines) }, { 'MMLU/test.csv': table }]) {
      expect(await loadDocs(TASKS.mmlu, memoryFiles(files))).toEqual(docs);
    }
  });

  it('parquet of one subject without a column for it is named by its folder', async () => {
    const lines = rows.map(({ question, choices, gold }) => ({ question, choices, answer: gold }));
    expect(await load('MMLU/test/anatomy_test.csv', four(undefined, letter))).toEqual(anatomy);
    const task = { ...TASKS.mmlu_anatomy, files: { test: ['anatomy/test.jsonl'] } };
    expect(await loadDocs(task, memoryFiles({ 'anatomy/test.jsonl': jsonl(lines) }))).toEqual(anatomy);
  });

  it.each([
    [
      'numbers that may count from 0 or 1',
      'question,A,B,C,D,answer\nQ,a,b,c,d,1\nQ,a,b,c,d,3\n',
      'MMLU/test/anatomy_test.csv: answer is "1 to 3"; allowed: 0 to 3 or 1 to 4, with a 0 or a 4 that tells which',
    ],
    [
      'numbers that count from both',
      'question,A,B,C,D,answer\nQ,a,b,c,d,0\nQ,a,b,c,d,4\n',
      'MMLU/test/anatomy_test.csv: answer is "0 to 4"; allowed: 0 to 3 or 1 to 4, with a 0 or a 4 that tells which',
    ],
    [
      'a list that is not JSON',
      "question,choices,answer\nQ,['a' 'b' 'c' 'd'],1\n",
      "MMLU/test/anatomy_test.csv, line 2: choices: \"['a' 'b' 'c' 'd']\" is not JSON; allowed: one JSON value",
    ],
  ])('refuses %s', async (_, text, message) => {
    await expect(load('MMLU/test/anatomy_test.csv', text)).rejects.toMatchObject({
      code: 'bad-data',
      message,
    });
  });
});

describe('copies of AG News give the docs of the Hub’s', async () => {
  const docs = await loadDocs(
    TASKS.ag_news,
    memoryFiles({ 'data/test-00000-of-00001.parquet': await fixture('ag_news.parquet') }),
  );
  const original = (await fixture('ag_news.csv')).toString();
  const labels = docs.map((doc) => (doc.output_type === 'classify' ? doc.gold : NaN));
  const texts = docs.map((doc) => (doc.output_type === 'classify' ? doc.text : ''));
  const from0 = original.replace(/^"(\d)"/gm, (_, label: string) => `"${Number(label) - 1}"`);
  const load = (text: string, path = 'AGNews/test.csv') =>
    loadDocs(TASKS.ag_news, memoryFiles({ [path]: text }));

  it.each([
    ['the originals', original],
    ['Kaggle’s header', `Class Index,Title,Description\n${original}`],
    ['labels from 0', `label,title,description\n${from0}`],
    ['labels from 1', `label,title,description\n${original}`],
    ['text and label', csv([['text', 'label'], ...texts.map((text, i) => [text, labels[i]!])])],
    ['label and text, from 1', csv([['label', 'text'], ...texts.map((text, i) => [labels[i]! + 1, text])])],
    [
      'labels by name',
      csv([
        ['text', 'label'],
        ...texts.map((text, i) => [text, ['World', 'Sports', 'Business', 'Sci/Tech'][labels[i]!]!]),
      ]),
    ],
  ])('%s', async (_, text) => {
    expect(await load(text)).toEqual(docs);
  });

  it('JSON lines', async () => {
    const lines = jsonl(texts.map((text, i) => ({ text, label: labels[i] })));
    expect(await load(lines, 'AGNews/test.jsonl')).toEqual(docs);
  });

  it('refuses labels that may count from 0 or from 1', async () => {
    await expect(load('label,title,description\n1,a,b\n2,c,d\n')).rejects.toMatchObject({
      code: 'bad-data',
      message:
        'AGNews/test.csv: label is "1 to 2"; allowed: 0 to 3 or 1 to 4, with a 0 or a 4 that tells which',
    });
  });
});
