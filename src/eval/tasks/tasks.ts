import { LabError } from '../../errors.ts';
import { ag_news, mini_news } from './ag_news.ts';
import { arc_challenge, arc_easy, mini_arc } from './arc.ts';
import { coqa, coqa_official, mini_coqa } from './coqa.ts';
import { MMLU_TASKS, mmlu } from './mmlu.ts';
import { mini_text, text, wikitext } from './rolling.ts';
import type { Task } from './task.ts';

/** Every task by its name; a new one is a line here and, if its data is of a new kind, a file beside this one. */
export const TASKS = {
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
} as const satisfies Record<string, Task>;

export type TaskName = keyof typeof TASKS;

/** The names there are, for a sentence: MMLU's subjects are too many to list. */
export const TASK_LIST = Object.keys(TASKS)
  .filter((name) => !(name in MMLU_TASKS))
  .flatMap((name) => (name === 'mmlu' ? [name, 'mmlu_<subject>'] : [name]));

/** The task called `name`; throws LabError 'bad-spec' that lists the names there are. */
export function findTask(name: string): Task {
  if (!Object.hasOwn(TASKS, name)) {
    throw new LabError('bad-spec', `task is ${name}; allowed: ${TASK_LIST.join(', ')}`);
  }
  return TASKS[name as TaskName];
}
