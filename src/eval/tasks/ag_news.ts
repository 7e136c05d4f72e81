import { classScores } from '../stats/classes.ts';
import type { ClassifyDoc } from '../doc.ts';
import type { GroupResult } from '../stats/group.ts';
import type { ClassifyItem, ItemResult } from '../item.ts';
import { badData, textField, type DataFile, type DataRecord } from '../read/records.ts';
import { extensionOf, readRecords } from '../read/rows.ts';
import type { Task } from './task.ts';

const LABELS = ['World', 'Sports', 'Business', 'Sci/Tech'] as const;

/** The most tokens of a text: classifiers of AG News are trained and published with this limit. */
const MAX_LENGTH = 128;

/**
 * AG's news (Zhang, Zhao and LeCun 2015): the originals' CSV, a class of 1 to 4, title and description, or the Hub's
 * parquet, where the text is both with a space between and the label counts from 0.
 */
async function readNews(file: DataFile): Promise<ClassifyDoc[]> {
  const records = await readRecords(file, ['text', 'label'], ['class', 'title', 'description']);
  return records.map(extensionOf(file.path) === 'csv' ? originalDoc : hubDoc);
}

function originalDoc(record: DataRecord): ClassifyDoc {
  const text = `${textField(record, 'title')} ${textField(record, 'description')}`;
  const gold = ['1', '2', '3', '4'].indexOf(textField(record, 'class'));
  if (gold < 0) badData(record.where, 'class', record.value['class'], '1, 2, 3, 4');
  return newsDoc(text, gold);
}

function hubDoc(record: DataRecord): ClassifyDoc {
  const gold = [0, 1, 2, 3].indexOf(record.value['label'] as number);
  if (gold < 0) badData(record.where, 'label', record.value['label'], '0, 1, 2, 3');
  return newsDoc(textField(record, 'text'), gold);
}

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
    train: ['AGNews/train.csv', 'ag_news_csv/train.csv', 'train.csv'],
    test: ['AGNews/test.csv', 'ag_news_csv/test.csv', 'test.csv'],
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
