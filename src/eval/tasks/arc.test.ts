import { describe, expect, it } from 'vitest';
import type { MultipleChoiceDoc } from '../doc.ts';
import fixture from '../../../test/fixtures/eval/arc.jsonl?raw';
import { loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { TASKS } from './tasks.ts';

const read = (text: string) => loadDocs(TASKS.mini_arc, memoryFiles({ 'mini_arc.jsonl': text }));

const line = (changes: object) =>
  JSON.stringify({
    id: 'x',
    question: 'Which?',
    choices: { text: ['a', 'b', 'c'], label: ['A', 'B', 'C'] },
    answerKey: 'B',
    ...changes,
  });

describe('ARC', () => {
  it('writes the prompt the harness writes', async () => {
    const [doc] = (await read(fixture)) as MultipleChoiceDoc[];
    expect(doc).toEqual({
      output_type: 'multiple_choice',
      question: 'Which of these is alive?',
      context: 'Question: Which of these is alive?\nAnswer:',
      choices: ['a stone', 'a spoon', 'a fern', 'a cloud'],
      gold: 2,
    });
  });

  it('finds gold by its label: digits, three choices, five, labels out of order', async () => {
    const docs = (await read(fixture)) as MultipleChoiceDoc[];
    expect(docs.map((doc) => [doc.choices.length, doc.gold])).toEqual([
      [4, 2],
      [4, 3],
      [3, 1],
      [5, 1],
      [4, 0],
      [4, 0],
      [4, 0],
      [3, 1],
    ]);
  });

  it('reads Windows line ends, blank lines and a byte order mark', async () => {
    expect(await read(`\ufeff${line({})}\r\n\r\n${line({})}\r\n`)).toHaveLength(2);
  });

  it.each([
    [
      'no JSON',
      '{"question"',
      'mini_arc.jsonl, line 2: "{\\"question\\"" is not JSON; allowed: one JSON value',
    ],
    ['a list', '[1, 2]', 'mini_arc.jsonl, line 2: the line is a list of 2; allowed: an object'],
    [
      'no question',
      line({ question: undefined }),
      'mini_arc.jsonl, line 2: question is missing; allowed: a text that is not empty',
    ],
    [
      'a question that is a number',
      line({ question: 7 }),
      'mini_arc.jsonl, line 2: question is 7; allowed: a text that is not empty',
    ],
    ['no choices', line({ choices: null }), 'mini_arc.jsonl, line 2: choices is null; allowed: an object'],
    [
      'choices of another layout',
      line({ choices: { text: 'a, b', label: [] } }),
      'mini_arc.jsonl, line 2: choices.text is "a, b"; allowed: a list',
    ],
    [
      'an empty choice, whose length would divide by zero',
      line({ choices: { text: ['a', '', 'c'], label: ['A', 'B', 'C'] } }),
      'mini_arc.jsonl, line 2: choices.text[1] is ""; allowed: a text that is not empty',
    ],
    [
      'one choice',
      line({ choices: { text: ['a'], label: ['B'] } }),
      'mini_arc.jsonl, line 2: choices.text is a list of 1; allowed: a list of 2 or more',
    ],
    [
      'too few labels',
      line({ choices: { text: ['a', 'b', 'c'], label: ['A', 'B'] } }),
      'mini_arc.jsonl, line 2: choices.label is a list of 2; allowed: a list of 3, one for each choice',
    ],
    [
      'an answer that is no label',
      line({ answerKey: '2' }),
      'mini_arc.jsonl, line 2: answerKey is "2"; allowed: A, B, C',
    ],
  ])('refuses %s', async (_, bad, message) => {
    await expect(read(`${line({})}\n${bad}\n`)).rejects.toMatchObject({ code: 'bad-data', message });
  });

  it('refuses an empty file and bytes that are no text', async () => {
    await expect(read('\n')).rejects.toMatchObject({
      code: 'bad-data',
      message: 'mini_arc.jsonl: the number of records is 0; allowed: 1 or more',
    });
    const bytes = Uint8Array.of(0xff, 0xfe);
    await expect(loadDocs(TASKS.mini_arc, memoryFiles({ 'mini_arc.jsonl': bytes }))).rejects.toMatchObject({
      code: 'bad-data',
      message: 'mini_arc.jsonl: the file is not UTF-8 text; allowed: UTF-8',
    });
  });
});
