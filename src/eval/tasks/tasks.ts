import { LabError } from '../../errors.ts';
import { ag_news, mini_news } from './ag_news.ts';
import { arc_challenge, arc_easy, mini_arc } from './arc.ts';
import { coqa, coqa_official, mini_coqa } from './coqa.ts';
import { MMLU_TASKS, mmlu } from './mmlu.ts';
import { mini_text, text, wikitext } from './rolling.ts';
import { hasPrompt, type Task } from './task.ts';

/** Every task by its name, in the order lists show them; a new one is a file beside this one and its line here. */
const TABLE = {
  mini_arc,
  mini_coqa,
  mini_text,
  mini_news,
  arc_easy,
  arc_challenge,
  mmlu,
  ...MMLU_TASKS,
  coqa,
  coqa_official,
  ag_news,
  wikitext,
  text,
};

export type TaskName = keyof typeof TABLE;

export const TASKS: Readonly<Record<TaskName, Task>> = TABLE;

/** Every task's name, those that only a spec or a link names too. */
export const ALL_TASKS = Object.keys(TASKS) as TaskName[];

/** The tasks a list shows: MMLU's subjects are too many. */
export const LISTED_TASKS = ALL_TASKS.filter((name) => TASKS[name].part_of === undefined);

/** The names for a message, those of MMLU's subjects as one. */
export const TASK_LIST = LISTED_TASKS.flatMap((name) =>
  name === 'mmlu' ? [name, 'mmlu_<subject>'] : [name],
);

/** The place a task's files come from: the page itself, the Hub, or, for a text of the user's own, only a folder. */
export function questionsFrom(name: TaskName): 'page' | 'hub' | 'folder' {
  const { bundled, hub } = TASKS[name];
  if (bundled) return 'page';
  return hub ? 'hub' : 'folder';
}

/** Whether a task may ask through a model's chat template. */
export const takesChat = (name: TaskName): boolean => hasPrompt(TASKS[name].output_type);

/** The task called `name`; throws LabError 'bad-spec' that lists the names there are. */
export function findTask(name: string): Task {
  if (!Object.hasOwn(TASKS, name)) {
    throw new LabError('bad-spec', `task is ${name}; allowed: ${TASK_LIST.join(', ')}`);
  }
  return TASKS[name as TaskName];
}
