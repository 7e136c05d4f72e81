import type { Doc } from './doc.ts';
import type { ItemResult } from './item.ts';
import type { MetricName } from './metric.ts';
import type { DataFile } from './records.ts';

/** The parts of a data set, by the Hub's names. */
export type Split = 'train' | 'validation' | 'test';

/** Where a task's files come from: the app's own folder, a folder that was picked, the command line's --data. */
export interface DataFiles {
  /** What it is, for the message about a missing file: 'the folder data'. */
  readonly where: string;
  /** The whole file at `path` ('ARC/ARC-Easy-test.jsonl'), or undefined if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/**
 * A task is data: which files, how a file becomes docs, which metrics. Asking, scoring and aggregating are the same
 * for every task of an output type (score.ts, metric.ts).
 */
export interface Task {
  /** As the harness names it. */
  name: string;
  /** As a person names it. */
  title: string;
  output_type: ItemResult['output_type'];
  metrics: readonly MetricName[];
  /** The one that stands for the task where there is room for one. */
  primary_metric: MetricName;
  /** Examples in the prompt if nothing is said. */
  num_fewshot: number;
  /** True if the app carries the files itself. */
  bundled: boolean;
  /** The split that is scored if nothing is said. */
  split: Split;
  /** The paths a split's file may have, tried in order. */
  files: Readonly<Partial<Record<Split, readonly string[]>>>;
  /** Where examples are drawn from; null for a task that has no prompt. */
  fewshot: Fewshot | null;
  /** The docs of one file, in its order, with the prompt of num_fewshot 0. */
  read(file: DataFile): Doc[] | Promise<Doc[]>;
}

/**
 * The pool of few-shot examples. `spare`: one more is drawn than is asked for, so that the doc itself can be dropped;
 * the harness does so for coqa though its pool is another split, and the spare draw moves every later one.
 */
export interface Fewshot {
  split: Split;
  spare: boolean;
}
