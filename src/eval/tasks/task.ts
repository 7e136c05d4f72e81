import type { ByteSource } from '../../tensor/source.ts';
import type { Doc } from '../doc.ts';
import type { GroupResult } from '../stats/group.ts';
import type { ItemResult } from '../item.ts';
import type { MetricName } from '../stats/metric.ts';
import type { DataFile } from '../read/records.ts';

/** The parts of a data set, by the Hub's names. */
export type Split = 'train' | 'validation' | 'test' | 'dev';

/**
 * A place that task files come from: the app's own folder, a folder that was picked, the command line's --data, the
 * Hub.
 */
export interface DataFiles {
  /** Its name in the message about a missing file: 'the folder data'. */
  readonly where: string;
  /** The file at `path` ('ARC/ARC-Easy-test.jsonl'), or undefined if there is none. */
  open(path: string): Promise<ByteSource | undefined>;
}

/** One file, or several that are read one after the other as if they were one. */
export type Paths = string | readonly string[];

/** A data set's repository on the Hub, and the file of each split in it. */
export interface HubDataset {
  /** 'allenai/ai2_arc' */
  repo: string;
  files: Readonly<Partial<Record<Split, string>>>;
}

/**
 * A task is data: which files, how a file becomes docs, which metrics. Asking, scoring and aggregating are the same
 * for every task of an output type (score.ts, metric.ts).
 */
export interface Task {
  /** The harness's name for it, where the harness has it. */
  name: string;
  /** Its name for people. */
  title: string;
  /** A sentence or two on what it asks, for the page. */
  asks: string;
  /** One item and several: "200 questions of ARC-Easy". */
  item: readonly [one: string, several: string];
  /** Absent for a text of the user's own. */
  size?: TaskSize;
  output_type: ItemResult['output_type'];
  metrics: readonly MetricName[];
  /** The one that stands for the task where there is room for one. */
  primary_metric: MetricName;
  /** Examples in the prompt if nothing is said. */
  num_fewshot: number;
  /** True if lm-evaluation-harness has the task under this name and asks the same. */
  in_harness?: boolean;
  /** The task whose items these are a part of; lists show the whole alone. */
  part_of?: string;
  /** True if the app carries the files itself. */
  bundled: boolean;
  /** The split that is scored if nothing is said. */
  split: Split;
  /** The paths a split's file may have in its originals' layout, tried in order. */
  files: Readonly<Partial<Record<Split, readonly Paths[]>>>;
  /** Its place on the Hub; a folder may have the same layout, which is tried after `files`. */
  hub?: HubDataset;
  /** True if a spec may name the file itself. */
  any_file?: boolean;
  /** The pool that examples are drawn from; null for a task that takes none. */
  fewshot: Fewshot | null;
  /** The text before the examples. */
  description?: (doc: Doc) => string;
  /** The docs of one file, in its order, with the prompt of num_fewshot 0. */
  read(file: DataFile): Promise<Doc[]>;
  /** The rows of a result beside its whole: by subject, domain or class. */
  groups?: (items: readonly ItemResult[]) => GroupResult[];
}

/** The options of a task for prompts as a conversation, by the names of the harness's own. */
export const CHAT_OPTIONS = ['apply_chat_template', 'fewshot_as_multiturn', 'system_instruction'] as const;

/** Whether a task asks by a prompt: not where a text is read from end to end, or classified. */
export const hasPrompt = (output_type: Task['output_type']): boolean =>
  output_type === 'multiple_choice' || output_type === 'generate_until';

/** The size of a task, on average over its published files: the basis of an estimate before any of them is read. */
export interface TaskSize {
  items: number;
  /** Of an item without examples, its choices included. */
  characters: number;
  /** Characters of an answer that is written, not chosen. */
  generated: number;
  /** Answers to choose from. */
  choices: number;
}

/** The items of a task that asks questions. */
export const QUESTION = ['question', 'questions'] as const;

/**
 * The pool of few-shot examples. `spare`: one more is drawn than is asked for, so that the doc itself can be dropped;
 * the harness does so for coqa though its pool is another split, and the spare draw moves every later one.
 * `first_n`: the same first examples for every doc, of the pool's docs that are of its group.
 */
export type Fewshot =
  { split: Split; sampler: 'default'; spare: boolean } | { split: Split; sampler: 'first_n' };
