import type { Doc, MultipleChoiceDoc } from '../doc.ts';
import { groupResults } from '../stats/group.ts';
import { strip } from '../read/python_text.ts';
import { readLayouts, type Layout } from '../read/layouts.ts';
import { placesOf } from '../read/numbered.ts';
import {
  badData,
  parseJson,
  textField,
  textsField,
  type DataFile,
  type DataRecord,
} from '../read/records.ts';
import { QUESTION, type Split, type Task } from './task.ts';

/** MMLU's 57 subjects (Hendrycks et al. 2021), in the order of the Hub's file that holds them all. */
export const MMLU_SUBJECTS = [
  ...(['abstract_algebra', 'anatomy', 'astronomy', 'business_ethics', 'clinical_knowledge'] as const),
  ...(['college_biology', 'college_chemistry', 'college_computer_science', 'college_mathematics'] as const),
  ...(['college_medicine', 'college_physics', 'computer_security', 'conceptual_physics'] as const),
  ...(['econometrics', 'electrical_engineering', 'elementary_mathematics', 'formal_logic'] as const),
  ...(['global_facts', 'high_school_biology', 'high_school_chemistry'] as const),
  ...(['high_school_computer_science', 'high_school_european_history', 'high_school_geography'] as const),
  ...(['high_school_government_and_politics', 'high_school_macroeconomics'] as const),
  ...(['high_school_mathematics', 'high_school_microeconomics', 'high_school_physics'] as const),
  ...(['high_school_psychology', 'high_school_statistics', 'high_school_us_history'] as const),
  ...(['high_school_world_history', 'human_aging', 'human_sexuality', 'international_law'] as const),
  ...(['jurisprudence', 'logical_fallacies', 'machine_learning', 'management', 'marketing'] as const),
  ...(['medical_genetics', 'miscellaneous', 'moral_disputes', 'moral_scenarios', 'nutrition'] as const),
  ...(['philosophy', 'prehistory', 'professional_accounting', 'professional_law'] as const),
  ...(['professional_medicine', 'professional_psychology', 'public_relations', 'security_studies'] as const),
  ...(['sociology', 'us_foreign_policy', 'virology', 'world_religions'] as const),
] as const;

export type MmluSubject = (typeof MMLU_SUBJECTS)[number];

/** The questions of each subject's test split, in the same order: 14,042 together. */
export const MMLU_TEST_SIZES: readonly number[] = [
  ...[100, 135, 152, 100, 265, 144, 100, 100, 100, 173, 102, 100, 235, 114, 145, 378, 126, 100, 310, 203],
  ...[100, 165, 198, 193, 390, 270, 238, 151, 545, 216, 204, 237, 223, 131, 121, 108, 163, 112, 103, 234],
  ...[100, 783, 346, 895, 306, 311, 324, 282, 1534, 272, 612, 110, 245, 201, 100, 166, 171],
];

const LETTERS = ['A', 'B', 'C', 'D'];

type MmluDoc = MultipleChoiceDoc & { group: string };

/** Four columns of choices under these names, and an answer that is a letter or a number, counted `from` there. */
const fourColumns = (question: string, names: readonly string[], answer: string, from?: 0 | 1) => ({
  columns: [question, ...names, answer],
  read: (records: readonly DataRecord[], file: DataFile): MmluDoc[] => {
    const golds = placesOf(records, answer, LETTERS, from);
    return records.map((record, i) =>
      mmluDoc(record, file, {
        question: textField(record, question),
        choices: names.map((name) => textField(record, name)),
        gold: golds[i]!,
      }),
    );
  },
});

/** The copies of MMLU: the Hub's, the originals' CSV, which have no header, and what others have made of them. */
const LAYOUTS: readonly Layout<MmluDoc>[] = [
  {
    columns: ['question', 'choices', 'answer'],
    read(records, file) {
      const golds = placesOf(records, 'answer', LETTERS, 0);
      return records.map((record, i) =>
        mmluDoc(record, file, {
          question: textField(record, 'question'),
          choices: textsField(listed(record), 'choices'),
          gold: golds[i]!,
        }),
      );
    },
  },
  { ...fourColumns('question', LETTERS, 'answer'), bare: true },
  fourColumns('question', ['choice0', 'choice1', 'choice2', 'choice3'], 'answer', 0),
  fourColumns('question', LETTERS, 'answer'),
  fourColumns('prompt', LETTERS, 'answer'),
  fourColumns('input', LETTERS, 'target'),
  fourColumns('question', ['choice_a', 'choice_b', 'choice_c', 'choice_d'], 'answer'),
  fourColumns('question', ['choice1', 'choice2', 'choice3', 'choice4'], 'answer'),
  fourColumns('question', ['option1', 'option2', 'option3', 'option4'], 'answer'),
];

/** The record with its choices as a list: a CSV field holds them as JSON. */
function listed(record: DataRecord): DataRecord {
  const { where, value } = record;
  const { choices } = value;
  if (typeof choices !== 'string') return record;
  if (!choices.startsWith('[')) badData(where, 'choices', choices, 'a list of 4');
  return { where, value: { ...value, choices: parseJson(choices, `${where}: choices`) } };
}

/** Questions of one subject or of all; one that is not named in a row is named by the file or its folder. */
async function readMmlu(file: DataFile): Promise<MultipleChoiceDoc[]> {
  const docs = await readLayouts(file, LAYOUTS, ['subject']);
  // In the order of the subjects, so that a doc_id is the same whether all come in one file or one by one.
  return MMLU_SUBJECTS.flatMap((subject) => docs.filter(({ group }) => group === subject));
}

/** The subject a file or its folder is named for: MMLU/test/virology_test.csv, virology/test-00000-of-00001.parquet. */
function subjectOf(path: string): string | undefined {
  const [name = '', folder = ''] = path.split('/').reverse();
  const candidates = [name.replace(/_[a-z]+\.[a-z]+$/, ''), folder];
  return candidates.find((each) => MMLU_SUBJECTS.includes(each as MmluSubject));
}

interface Asked {
  question: string;
  choices: string[];
  gold: number;
}

function mmluDoc({ where, value }: DataRecord, file: DataFile, asked: Asked): MmluDoc {
  const subject = value['subject'] ?? subjectOf(file.path);
  if (!MMLU_SUBJECTS.includes(subject as MmluSubject)) {
    badData(where, 'subject', subject, 'one of MMLU’s 57, such as abstract_algebra');
  }
  const { choices, gold } = asked;
  if (choices.length !== 4) badData(where, 'choices', choices, 'a list of 4');
  const question = strip(asked.question);
  const listed = choices.map((choice, i) => `${LETTERS[i]}. ${choice}\n`).join('');
  return {
    output_type: 'multiple_choice',
    group: subject as string,
    question,
    context: `${question}\n${listed}Answer:`,
    choices: LETTERS,
    shown: choices,
    gold,
  };
}

/** The line before the examples, with the subject in words: high school physics. */
const description = ({ group }: Doc): string =>
  `The following are multiple choice questions (with answers) about ${group!.replaceAll('_', ' ')}.\n\n`;

const shared = {
  item: QUESTION,
  in_harness: true,
  output_type: 'multiple_choice',
  metrics: ['acc'],
  primary_metric: 'acc',
  num_fewshot: 0,
  bundled: false,
  split: 'test',
  fewshot: { split: 'dev', sampler: 'first_n' },
  description,
  read: readMmlu,
} as const satisfies Partial<Task>;

/** The CSV of each split, in a folder of that name within MMLU or, as in the originals' archive, data; or all in one folder. */
function csvFiles(subject: string): Record<'test' | 'validation' | 'dev', string[]> {
  const paths = (split: string) =>
    ['MMLU/', 'data/', ''].map((folder) => `${folder}${split}/${subject}_${split}.csv`);
  return { test: paths('test'), validation: paths('val'), dev: paths('dev') };
}

const hubFiles = (config: string) => {
  const path = (split: Split) => `${config}/${split}-00000-of-00001.parquet`;
  return {
    repo: 'cais/mmlu',
    files: { test: path('test'), validation: path('validation'), dev: path('dev') },
  };
};

/** The size of all subjects together. */
const SIZE = { items: 14042, characters: 562, generated: 0, choices: 4 };

function subjectTask(subject: MmluSubject): Task {
  const words = subject.replaceAll('_', ' ');
  return {
    ...shared,
    name: `mmlu_${subject}`,
    title: `MMLU, ${words}`,
    asks: `Exam questions on ${words}.`,
    size: { ...SIZE, items: Math.round(SIZE.items / MMLU_SUBJECTS.length) },
    part_of: 'mmlu',
    files: csvFiles(subject),
    hub: hubFiles(subject),
  };
}

/**
 * All 57 subjects, 14,042 questions: acc over all of them, so that a subject weighs as much as it has questions, with
 * the harness's pooled standard error, and a row for each subject. A doc_id counts through the subjects in order, as
 * the Hub's file of all does; a limit is of all of them together, not of each.
 */
export const mmlu: Task = {
  ...shared,
  name: 'mmlu',
  title: 'MMLU',
  asks: 'Exam questions of 57 subjects; a limit is of all subjects together.',
  size: SIZE,
  files: Object.fromEntries(
    (['test', 'validation', 'dev'] as const).map((split) => {
      const each = MMLU_SUBJECTS.map((subject) => csvFiles(subject)[split]);
      const layouts = each[0]!.map((_, layout) => each.map((paths) => paths[layout]!));
      // A copy of the Hub's folders for single subjects; from the Hub itself one file of all is read.
      const parquet = MMLU_SUBJECTS.map((subject) => hubFiles(subject).files[split]);
      // Copies of all subjects in one file have a column of them.
      const whole = ['csv', 'jsonl'].map((format) => `MMLU/${split}.${format}`);
      return [split, [...layouts, ...whole, parquet.map((path) => `mmlu/${path}`), parquet]];
    }),
  ),
  hub: hubFiles('all'),
  groups: (items) => groupResults(shared.metrics, items),
};

/** A task a subject: `MMLU_TASKS.mmlu_virology`. */
export const MMLU_TASKS = Object.fromEntries(
  MMLU_SUBJECTS.map((subject) => [`mmlu_${subject}`, subjectTask(subject)]),
) as Record<`mmlu_${MmluSubject}`, Task>;
