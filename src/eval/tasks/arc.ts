import type { MultipleChoiceDoc } from '../doc.ts';
import { badData, asRecord, textField, textsField, type DataFile, type DataRecord } from '../read/records.ts';
import { readRecords } from '../read/rows.ts';
import { QUESTION, type Split, type Task } from './task.ts';

/**
 * ARC (Clark et al. 2018) in the Hub's field layout, as parquet or one JSON object a line:
 * `{"question": "…", "choices": {"text": ["a", "b", "c"], "label": ["1", "2", "3"]}, "answerKey": "2"}`.
 * Three to five choices, labelled with letters or digits: gold is the answer's place in that list.
 */
async function readArc(file: DataFile): Promise<MultipleChoiceDoc[]> {
  return (await readRecords(file, ['question', 'choices', 'answerKey'])).map(arcDoc);
}

function arcDoc(record: DataRecord): MultipleChoiceDoc {
  const { where, value } = record;
  const question = textField(record, 'question');
  const inner = asRecord(value['choices'], where, 'choices');
  const choices = textsField(inner, 'text', 'choices.text');
  const labels = textsField(inner, 'label', 'choices.label');
  if (choices.length < 2) badData(where, 'choices.text', choices, 'a list of 2 or more');
  if (labels.length !== choices.length) {
    badData(where, 'choices.label', labels, `a list of ${choices.length}, one for each choice`);
  }
  const gold = labels.indexOf(textField(record, 'answerKey'));
  if (gold < 0) badData(where, 'answerKey', value['answerKey'], labels.join(', '));
  return {
    output_type: 'multiple_choice',
    question,
    context: `Question: ${question}\nAnswer:`,
    choices,
    gold,
  };
}

const shared = {
  item: QUESTION,
  output_type: 'multiple_choice',
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  num_fewshot: 0,
  split: 'test',
  read: readArc,
} as const satisfies Partial<Task>;

function ai2(set: 'ARC-Easy' | 'ARC-Challenge') {
  const paths = (split: Split) => [
    `ARC/${set}-${split}.jsonl`,
    `${set}-${split}.jsonl`,
    `${set}/${split}.jsonl`,
  ];
  const hub = (split: Split) => `${set}/${split}-00000-of-00001.parquet`;
  return {
    ...shared,
    title: set,
    bundled: false,
    in_harness: true,
    files: { train: paths('train'), validation: paths('validation'), test: paths('test') },
    hub: {
      repo: 'allenai/ai2_arc',
      files: { train: hub('train'), validation: hub('validation'), test: hub('test') },
    },
    fewshot: { split: 'train', sampler: 'default', spare: false },
  } as const satisfies Partial<Task>;
}

/** ARC's easy questions: 2376 in the test split. */
export const arc_easy: Task = {
  ...ai2('ARC-Easy'),
  name: 'arc_easy',
  asks: 'Grade-school science questions with a few choices.',
  size: { items: 2376, characters: 221, generated: 0, choices: 4 },
  primary_metric: 'acc',
};

/** ARC's questions that word overlap does not answer: 1172 in the test split. */
export const arc_challenge: Task = {
  ...ai2('ARC-Challenge'),
  name: 'arc_challenge',
  asks: 'Science questions that word overlap does not answer.',
  size: { items: 1172, characters: 266, generated: 0, choices: 4 },
  primary_metric: 'acc_norm',
};

/** Questions about the bundled model's own small world, in ARC's layout. */
export const mini_arc: Task = {
  ...shared,
  name: 'mini_arc',
  title: 'Mini ARC',
  asks: 'Choose one of four answers, about a small invented world.',
  size: { items: 2400, characters: 84, generated: 0, choices: 4 },
  primary_metric: 'acc',
  bundled: true,
  files: { test: ['mini_arc.jsonl'] },
  fewshot: { split: 'test', sampler: 'default', spare: true },
};
