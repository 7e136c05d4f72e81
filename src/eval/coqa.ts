import type { GenerateDoc } from './doc.ts';
import { asRecord, badData, listField, parseJson, readText, textField } from './records.ts';
import type { DataFile, DataRecord } from './records.ts';
import type { Task } from './task.ts';

/**
 * CoQA (Reddy et al. 2019) in its official JSON, `{"data": [{story, questions, answers, additional_answers}]}`.
 * As in the harness only the last turn of a conversation is asked, with the earlier ones and their answers before it.
 */
function readCoqa(file: DataFile): GenerateDoc[] {
  const top = asRecord(parseJson(readText(file), file.path), file.path, 'the file');
  const data = listField(top, 'data');
  if (data.length === 0) badData(file.path, 'data', data, 'a list of 1 or more');
  return data.map((value, index) => {
    const where = `${file.path}, data[${index}]`;
    return coqaDoc(asRecord(value, where, 'the conversation'));
  });
}

function coqaDoc(record: DataRecord): GenerateDoc {
  const { where, value } = record;
  const passage = textField(record, 'story');
  const questions = turns(record, 'questions');
  if (questions.length === 0) badData(where, 'questions', questions, 'a list of 1 or more');
  const last = questions.length - 1;
  const answers = turns(record, 'answers', questions.length);
  const refs = [answers[last]!];
  // Missing altogether in the train split.
  if (value['additional_answers'] !== undefined) {
    const others = asRecord(value['additional_answers'], where, 'additional_answers');
    for (const key of Object.keys(others.value)) {
      const ref = turns(others, key, questions.length, `additional_answers.${key}`)[last]!;
      if (!refs.some((known) => known.toLowerCase() === ref.toLowerCase())) refs.push(ref);
    }
  }
  const context = questions
    .map((question, turn) => `Q: ${question}\n\n` + (turn < last ? `A: ${answers[turn]}\n\n` : 'A:'))
    .join('');
  return {
    output_type: 'generate_until',
    passage,
    question: questions[last]!,
    context: `${passage}\n\n${context}`,
    refs,
    until: ['\nQ:'],
    max_gen_toks: 256,
  };
}

/** The `input_text` of each turn, which may be empty; `count` is how many there must be. */
function turns(record: DataRecord, key: string, count?: number, name = key): string[] {
  const list = listField(record, key, name);
  if (count !== undefined && list.length !== count) {
    badData(record.where, name, list, `a list of ${count}, one for each question`);
  }
  return list.map((turn, index) => {
    const entry = `${name}[${index}]`;
    const text = asRecord(turn, record.where, entry).value['input_text'];
    if (typeof text !== 'string') badData(record.where, `${entry}.input_text`, text, 'a text');
    return text;
  });
}

const shared = {
  output_type: 'generate_until',
  metrics: ['em', 'f1'],
  primary_metric: 'f1',
  num_fewshot: 0,
  read: readCoqa,
} as const satisfies Partial<Task>;

/** The last question of each of CoQA's 500 development conversations. */
export const coqa = {
  ...shared,
  name: 'coqa',
  title: 'CoQA, last turns',
  bundled: false,
  split: 'validation',
  files: {
    train: ['coqa-train-v1.0.json', 'CoQA/coqa-train-v1.0.json'],
    validation: ['coqa-dev-v1.0.json', 'coqa.json', 'CoQA/coqa-dev-v1.0.json', 'CoQA/coqa.json'],
  },
  fewshot: { split: 'train', spare: true },
} satisfies Task;

/** Conversations about the bundled model's own small world, in CoQA's layout. */
export const mini_coqa = {
  ...shared,
  name: 'mini_coqa',
  title: 'Mini CoQA',
  bundled: true,
  split: 'test',
  files: { test: ['mini_coqa.json'] },
  fewshot: { split: 'test', spare: true },
} satisfies Task;
