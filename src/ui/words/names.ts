import type { METRICS, MetricName } from '../../eval/stats/metric.ts';
import type { TASKS, TaskName } from '../../eval/tasks/tasks.ts';
import { ALL_TASKS } from '../../study/spec.ts';

type TaskTable = typeof TASKS;

type NamesOf<K extends TaskName> = {
  [N in K]: {
    title: string;
    what: string;
    /** One item and several: "200 questions of ARC-Easy". */
    item: readonly [one: string, several: string];
    bundled: TaskTable[N]['bundled'];
    primary_metric: TaskTable[N]['primary_metric'];
  };
};

/** MMLU's tasks of one subject, which are too many for the page to list. */
type SubjectTask = Extract<TaskName, `mmlu_${string}`>;

const QUESTION = ['question', 'questions'] as const;

/** What the page says about a task; what the task itself says too must agree with it, or this does not compile. */
const LISTED: NamesOf<Exclude<TaskName, SubjectTask>> = {
  mini_arc: {
    title: 'Mini ARC',
    what: 'Choose one of four answers, about a small invented world.',
    item: QUESTION,
    bundled: true,
    primary_metric: 'acc',
  },
  mini_coqa: {
    title: 'Mini CoQA',
    what: 'Read a story and answer a question in a few words.',
    item: QUESTION,
    bundled: true,
    primary_metric: 'f1',
  },
  mini_text: {
    title: 'Mini text',
    what: 'Read stories; how well is each next word foreseen?',
    item: ['story', 'stories'],
    bundled: true,
    primary_metric: 'word_perplexity',
  },
  mini_news: {
    title: 'Mini news',
    what: 'The topic of an invented headline, by a model trained to classify.',
    item: ['headline', 'headlines'],
    bundled: true,
    primary_metric: 'acc',
  },
  arc_easy: {
    title: 'ARC-Easy',
    what: 'Grade-school science questions with a few choices.',
    item: QUESTION,
    bundled: false,
    primary_metric: 'acc',
  },
  arc_challenge: {
    title: 'ARC-Challenge',
    what: 'Science questions that word overlap does not answer.',
    item: QUESTION,
    bundled: false,
    primary_metric: 'acc_norm',
  },
  mmlu: {
    title: 'MMLU',
    what: 'Exam questions of 57 subjects; a limit is of all subjects together.',
    item: QUESTION,
    bundled: false,
    primary_metric: 'acc',
  },
  coqa: {
    title: 'CoQA, last turns',
    what: 'The last question of a conversation about a text.',
    item: QUESTION,
    bundled: false,
    primary_metric: 'f1',
  },
  coqa_official: {
    title: 'CoQA, all turns',
    what: 'Every question of a conversation about a text, scored as CoQA’s own script does.',
    item: QUESTION,
    bundled: false,
    primary_metric: 'f1',
  },
  ag_news: {
    title: 'AG News',
    what: 'The topic of a news item, by a model trained to classify.',
    item: ['news item', 'news items'],
    bundled: false,
    primary_metric: 'acc',
  },
  wikitext: {
    title: 'WikiText-2',
    what: 'Read encyclopedia pages; how well is each next word foreseen?',
    item: ['page', 'pages'],
    bundled: false,
    primary_metric: 'word_perplexity',
  },
  text: {
    title: 'Own text',
    what: 'Read text.txt of the data folder; how well is each next token foreseen?',
    item: ['text', 'texts'],
    bundled: false,
    primary_metric: 'token_perplexity',
  },
};

const isSubject = (task: TaskName): task is SubjectTask => task.startsWith('mmlu_');

/** The tasks a list shows. */
export const LISTED_TASKS = ALL_TASKS.filter((task) => !isSubject(task));

/** Tasks that no place but a folder of the user's has. */
const OWN_FILES: readonly TaskName[] = ['text'];

/** Where the questions of a task come from. */
export function questionsFrom(task: TaskName): 'page' | 'hub' | 'folder' {
  if (TASK_NAMES[task].bundled) return 'page';
  return OWN_FILES.includes(task) ? 'folder' : 'hub';
}

/** Every task there is, those that only a spec or a link names too. */
export const TASK_NAMES: NamesOf<TaskName> = {
  ...LISTED,
  ...(Object.fromEntries(
    ALL_TASKS.filter(isSubject).map((task) => {
      const subject = task.slice('mmlu_'.length).replaceAll('_', ' ');
      return [task, { ...LISTED.mmlu, title: `MMLU, ${subject}`, what: `Exam questions on ${subject}.` }];
    }),
  ) as NamesOf<SubjectTask>),
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
  macro_precision: {
    title: 'macro precision',
    note: 'of the texts put into a class, the share that is of it; the mean over classes',
    higher_is_better: true,
  },
  macro_recall: {
    title: 'macro recall',
    note: 'of the texts of a class, the share put into it; the mean over classes',
    higher_is_better: true,
  },
  macro_f1: {
    title: 'macro f1',
    note: 'the harmonic mean of a class’s precision and recall; the mean over classes',
    higher_is_better: true,
  },
  precision: {
    title: 'precision',
    note: 'of the texts put into the class, the share that is of it',
    higher_is_better: true,
  },
  recall: {
    title: 'recall',
    note: 'of the texts of the class, the share put into it',
    higher_is_better: true,
  },
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
  token_perplexity: {
    title: 'token perplexity',
    note: 'among how many equally likely tokens the model wavers; compares within one tokenizer; lower is better',
    higher_is_better: false,
  },
};
