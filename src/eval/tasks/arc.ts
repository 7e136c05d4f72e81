import type { MultipleChoiceDoc } from '../doc.ts';
import { readLayouts, type Layout } from '../read/layouts.ts';
import {
  asRecord,
  badData,
  listField,
  textField,
  textsField,
  type DataFile,
  type DataRecord,
} from '../read/records.ts';
import { QUESTION, type Split, type Task } from './task.ts';

type Choices = Record<'choices' | 'labels', string[]>;

/**
 * The copies of ARC (Clark et al. 2018), three to five choices each, labelled with letters or digits: gold is the answer's
 * place among the labels. The Hub's, as parquet or one JSON object a line:
 * `{"question": "…", "choices": {"text": ["a", "b", "c"], "label": ["1", "2", "3"]}, "answerKey": "2"}`; AI2's own JSON lines,
 * `{"question": {"stem": "…", "choices": [{"text": "a", "label": "1"}, …]}, "answerKey": "2"}`; and AI2's CSV, whose
 * question is "… (1) a (2) b (3) c". All three have the same questions in the same order.
 */
const LAYOUTS: readonly Layout<MultipleChoiceDoc>[] = [
  { columns: ['question', 'choices', 'answerKey'], read: (records) => records.map(hubDoc) },
  {
    columns: ['question', 'isMultipleChoiceQuestion', 'AnswerKey'],
    read: (records) => records.map(csvDoc),
  },
  { columns: ['question', 'answerKey'], read: (records) => records.map(ai2Doc) },
];

const readArc = (file: DataFile): Promise<MultipleChoiceDoc[]> => readLayouts(file, LAYOUTS);

function hubDoc(record: DataRecord): MultipleChoiceDoc {
  const question = textField(record, 'question');
  const inner = asRecord(record.value['choices'], record.where, 'choices');
  const choices = textsField(inner, 'text', 'choices.text');
  const labels = textsField(inner, 'label', 'choices.label');
  if (choices.length < 2) badData(record.where, 'choices.text', choices, 'a list of 2 or more');
  if (labels.length !== choices.length) {
    badData(record.where, 'choices.label', labels, `a list of ${choices.length}, one for each choice`);
  }
  return arcDoc(record, 'answerKey', question, { choices, labels });
}

function ai2Doc(record: DataRecord): MultipleChoiceDoc {
  const { where, value } = record;
  const inner = asRecord(value['question'], where, 'question');
  const listed = listField(inner, 'choices', 'question.choices').map((choice, i) => {
    const name = `question.choices[${i}]`;
    const one = asRecord(choice, where, name);
    return { text: textField(one, 'text', `${name}.text`), label: textField(one, 'label', `${name}.label`) };
  });
  if (listed.length < 2) badData(where, 'question.choices', listed, 'a list of 2 or more');
  return arcDoc(record, 'answerKey', textField(inner, 'stem', 'question.stem'), {
    choices: listed.map(({ text }) => text),
    labels: listed.map(({ label }) => label),
  });
}

/** The marks before the choices in AI2's CSV. */
const MARKS = ['ABCDE', '12345'].map((labels) => [...labels]);

function csvDoc(record: DataRecord): MultipleChoiceDoc {
  const written = textField(record, 'question');
  for (const marks of MARKS) {
    const parts = written.split(/ ?\(([A-E]|[1-5])\) /);
    const labels = parts.filter((_, i) => i % 2 === 1);
    const choices = parts.filter((_, i) => i > 0 && i % 2 === 0);
    const inOrder = labels.length > 1 && labels.every((label, i) => label === marks[i]);
    if (inOrder && !choices.includes('') && parts[0] !== '') {
      return arcDoc(record, 'AnswerKey', parts[0]!, { choices, labels });
    }
  }
  return badData(
    record.where,
    'question',
    written,
    'a question with (A), (B), … or (1), (2), … before its choices',
  );
}

function arcDoc(
  record: DataRecord,
  key: string,
  question: string,
  { choices, labels }: Choices,
): MultipleChoiceDoc {
  const gold = labels.indexOf(textField(record, key));
  if (gold < 0) badData(record.where, key, record.value[key], labels.join(', '));
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

/** AI2's names of the splits. */
const OWN_SPLITS = { train: 'Train', validation: 'Dev', test: 'Test' } as const;

type OwnSplit = keyof typeof OWN_SPLITS;

/** Where the folder of a set lies: by itself, beside the Hub's copies, and in AI2's archives. */
const FOLDERS = ['', 'ARC/', 'ARC-V1-Feb2018-2/', 'ARC-V1-Feb2018/'];

function ai2(set: 'ARC-Easy' | 'ARC-Challenge') {
  const paths = (split: OwnSplit) => [
    `ARC/${set}-${split}.jsonl`,
    `${set}-${split}.jsonl`,
    `${set}/${split}.jsonl`,
    ...['jsonl', 'csv'].flatMap((format) =>
      FOLDERS.map((folder) => `${folder}${set}/${set}-${OWN_SPLITS[split]}.${format}`),
    ),
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
  asks: 'Choose one of eight answers, about a small invented world.',
  size: { items: 2400, characters: 115, generated: 0, choices: 8 },
  primary_metric: 'acc',
  bundled: true,
  files: { test: ['mini_arc.jsonl'] },
  fewshot: { split: 'test', sampler: 'default', spare: true },
};
