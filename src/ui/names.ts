import type { METRICS, MetricName } from '../eval/metric.ts';
import type { TASKS, TaskName } from '../eval/tasks.ts';

type TaskTable = typeof TASKS;

/** What the page says about a task; what the task itself says too must agree with it, or this does not compile. */
export const TASK_NAMES: {
  [K in TaskName]: {
    title: string;
    what: string;
    bundled: TaskTable[K]['bundled'];
    primary_metric: TaskTable[K]['primary_metric'];
  };
} = {
  mini_arc: {
    title: 'Mini ARC',
    what: 'Choose one of four answers, about a small invented world.',
    bundled: true,
    primary_metric: 'acc',
  },
  mini_coqa: {
    title: 'Mini CoQA',
    what: 'Read a story and answer a question in a few words.',
    bundled: true,
    primary_metric: 'f1',
  },
  mini_text: {
    title: 'Mini text',
    what: 'Read stories; how well is each next word foreseen?',
    bundled: true,
    primary_metric: 'word_perplexity',
  },
  arc_easy: {
    title: 'ARC-Easy',
    what: 'Grade-school science questions with a few choices.',
    bundled: false,
    primary_metric: 'acc',
  },
  arc_challenge: {
    title: 'ARC-Challenge',
    what: 'Science questions that word overlap does not answer.',
    bundled: false,
    primary_metric: 'acc_norm',
  },
  coqa: {
    title: 'CoQA, last turns',
    what: 'The last question of a conversation about a text.',
    bundled: false,
    primary_metric: 'f1',
  },
  wikitext: {
    title: 'WikiText-2',
    what: 'Read encyclopedia pages; how well is each next word foreseen?',
    bundled: false,
    primary_metric: 'word_perplexity',
  },
};

/** A metric for people: its name in a table, one line on what it is, and which way is better. */
export const METRIC_NAMES: {
  [K in MetricName]: {
    title: string;
    note: string;
    higher_is_better: (typeof METRICS)[K]['higher_is_better'];
  };
} = {
  acc: {
    title: 'acc',
    note: 'share of questions whose most likely choice is right',
    higher_is_better: true,
  },
  acc_norm: {
    title: 'acc_norm',
    note: 'as acc, with each choice’s log-likelihood divided by its length in characters',
    higher_is_better: true,
  },
  acc_bytes: {
    title: 'acc_bytes',
    note: 'as acc, with each choice’s log-likelihood divided by its length in bytes',
    higher_is_better: true,
  },
  em: { title: 'em', note: 'share of answers that match a reference exactly', higher_is_better: true },
  f1: { title: 'f1', note: 'how far the answer’s words overlap a reference’s', higher_is_better: true },
  word_perplexity: {
    title: 'word perplexity',
    note: 'among how many equally likely words the model wavers; lower is better',
    higher_is_better: false,
  },
  byte_perplexity: {
    title: 'byte perplexity',
    note: 'among how many equally likely bytes the model wavers; lower is better',
    higher_is_better: false,
  },
  bits_per_byte: {
    title: 'bits per byte',
    note: 'bits it would take to store the text with this model’s help; lower is better',
    higher_is_better: false,
  },
};
