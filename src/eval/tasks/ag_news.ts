import { classScores } from '../stats/classes.ts';
import type { ClassifyDoc } from '../doc.ts';
import type { GroupResult } from '../stats/group.ts';
import type { ClassifyItem, ItemResult } from '../item.ts';
import { readLayouts, type Layout } from '../read/layouts.ts';
import { placesOf } from '../read/numbered.ts';
import { textField, type DataFile } from '../read/records.ts';
import type { Split, Task } from './task.ts';

const LABELS = ['World', 'Sports', 'Business', 'Sci/Tech'] as const;

/** The most tokens of a text: classifiers of AG News are trained and published with this limit. */
const MAX_LENGTH = 128;

/** Title and description in columns of their own. */
const twoTexts = (label: string, title: string, description: string, from?: 0 | 1): Layout<ClassifyDoc> => ({
  columns: [label, title, description],
  read: (records) => {
    const golds = placesOf(records, label, LABELS, from);
    return records.map((record, i) =>
      newsDoc(`${textField(record, title)} ${textField(record, description)}`, golds[i]!),
    );
  },
});

/**
 * The copies of AG's news (Zhang, Zhao and LeCun 2015): the Hub's, where the text is title and description with a space
 * between, and the originals' CSV without a header, whose classes count from 1, with the headers others gave it.
 */
const LAYOUTS: readonly Layout<ClassifyDoc>[] = [
  {
    columns: ['text', 'label'],
    read: (records) => {
      const golds = placesOf(records, 'label', LABELS);
      return records.map((record, i) => newsDoc(textField(record, 'text'), golds[i]!));
    },
  },
  { ...twoTexts('class', 'title', 'description', 1), bare: true },
  twoTexts('class', 'title', 'description', 1),
  twoTexts('class index', 'title', 'description', 1),
  twoTexts('label', 'title', 'description'),
];

const readNews = (file: DataFile): Promise<ClassifyDoc[]> => readLayouts(file, LAYOUTS);

const newsDoc = (text: string, gold: number): ClassifyDoc => ({
  output_type: 'classify',
  text,
  labels: LABELS,
  gold,
  max_length: MAX_LENGTH,
});

/** A row a class; its n is its support. */
function byClass(items: readonly ItemResult[]): GroupResult[] {
  const classified = items.filter((item): item is ClassifyItem => item.output_type === 'classify');
  return classScores(classified).map(({ label, support, precision, recall, f1 }) => ({
    name: LABELS[label]!,
    n: support,
    metrics: {
      precision: { value: precision, stderr: null },
      recall: { value: recall, stderr: null },
      f1: { value: f1, stderr: null },
    },
  }));
}

const shared = {
  output_type: 'classify',
  metrics: ['acc', 'macro_precision', 'macro_recall', 'macro_f1'],
  primary_metric: 'acc',
  num_fewshot: 0,
  split: 'test',
  fewshot: null,
  read: readNews,
  groups: byClass,
} as const satisfies Partial<Task>;

const paths = (split: Split) => [
  ...['AGNews/', 'ag_news_csv/', ''].map((folder) => `${folder}${split}.csv`),
  ...['jsonl', 'parquet'].map((format) => `AGNews/${split}.${format}`),
];

/** The topic of each of 7600 news items, 1900 a topic, by a model fine-tuned to tell them apart. */
export const ag_news: Task = {
  ...shared,
  name: 'ag_news',
  title: 'AG News',
  asks: 'The topic of a news item, by a model trained to classify.',
  item: ['news item', 'news items'],
  size: { items: 7600, characters: 237, generated: 0, choices: 1 },
  bundled: false,
  files: {
    train: paths('train'),
    test: paths('test'),
  },
  hub: {
    repo: 'fancyzhx/ag_news',
    files: { train: 'data/train-00000-of-00001.parquet', test: 'data/test-00000-of-00001.parquet' },
  },
};

/** Invented news of the same topics, for the bundled classifier: 2000 items no reader can all get right. */
export const mini_news: Task = {
  ...shared,
  name: 'mini_news',
  title: 'Mini news',
  asks: 'The topic of an invented headline, by a model trained to classify.',
  item: ['headline', 'headlines'],
  size: { items: 2000, characters: 84, generated: 0, choices: 1 },
  bundled: true,
  files: { test: ['mini_news.csv'] },
};
