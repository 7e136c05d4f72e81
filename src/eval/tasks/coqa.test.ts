import { describe, expect, it } from 'vitest';
import type { GenerateDoc } from '../doc.ts';
import fixture from '../../../test/fixtures/eval/coqa.json?raw';
import { loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { TASKS } from './tasks.ts';

const read = async (text: string) =>
  (await loadDocs(TASKS.mini_coqa, memoryFiles({ 'mini_coqa.json': text }))) as GenerateDoc[];

const turns = (...texts: unknown[]) => texts.map((input_text, i) => ({ input_text, turn_id: i + 1 }));
const file = (changes: object) =>
  JSON.stringify({
    version: '1.0',
    data: [
      {
        story: 'Bo has a map.',
        questions: turns('Who?', 'What?'),
        answers: turns('Bo', 'a map'),
        ...changes,
      },
    ],
  });

describe('CoQA', () => {
  it('asks the last turn, with the earlier ones and their answers before it', async () => {
    const doc = (await read(fixture))[2]!;
    expect(doc.context).toBe(
      'The ferry leaves at nine. Cleo missed it, and took the bus.\n\n' +
        'Q: When does it leave?\n\nA: nine\n\nQ: Who missed it?\n\nA: Cleo\n\nQ: What did she take?\n\nA:',
    );
    expect(doc).toMatchObject({
      question: 'What did she take?',
      refs: ['the bus', 'a bus', 'bus', 'She took the bus.'],
      until: ['\nQ:'],
      max_gen_toks: 256,
    });
  });

  it('drops references that another equals but for case', async () => {
    const docs = await read(fixture);
    expect(docs.map((doc) => doc.refs)).toEqual([
      ['in the barn', 'the old barn'],
      ['Two.'],
      ['the bus', 'a bus', 'bus', 'She took the bus.'],
      ['un thé à la menthe', 'du thé', 'thé, à la menthe', 'The thé'],
      ['yes', 'yes, it is', 'Yes.'],
      ['The!', '"The!"', 'the', 'an exclamation'],
    ]);
  });

  it('does without additional answers, as the train split has none', async () => {
    expect((await read(file({})))[0]!.refs).toEqual(['a map']);
  });

  it.each([
    ['no JSON', '{', 'mini_coqa.json: "{" is not JSON; allowed: one JSON value'],
    ['no data', '{"version": "1.0"}', 'mini_coqa.json: data is missing; allowed: a list'],
    ['no conversations', '{"data": []}', 'mini_coqa.json: data is a list of 0; allowed: a list of 1 or more'],
    [
      'no story',
      file({ story: '' }),
      'mini_coqa.json, data[0]: story is ""; allowed: a text that is not empty',
    ],
    [
      'no questions',
      file({ questions: [], answers: [] }),
      'mini_coqa.json, data[0]: questions is a list of 0; allowed: a list of 1 or more',
    ],
    [
      'an answer too few',
      file({ answers: turns('Bo') }),
      'mini_coqa.json, data[0]: answers is a list of 1; allowed: a list of 2, one for each question',
    ],
    [
      'a turn without text',
      file({ answers: turns('Bo', 3) }),
      'mini_coqa.json, data[0]: answers[1].input_text is 3; allowed: a text',
    ],
    [
      'an additional answer too many',
      file({ additional_answers: { 0: turns('Bo', 'a map', 'x') } }),
      'mini_coqa.json, data[0]: additional_answers.0 is a list of 3; allowed: a list of 2, one for each question',
    ],
  ])('refuses %s', async (_, bad, message) => {
    await expect(read(bad)).rejects.toMatchObject({ code: 'bad-data', message });
  });
});
