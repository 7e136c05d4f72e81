import { LabError } from '../errors.ts';
import { arc_challenge, arc_easy, mini_arc } from './arc.ts';
import { coqa, mini_coqa } from './coqa.ts';
import { mini_text, wikitext } from './rolling.ts';
import type { Task } from './task.ts';

/** Every task by its name; a new one is a line here and, if its data is of a new kind, a file beside this one. */
export const TASKS = {
  mini_arc,
  mini_coqa,
  mini_text,
  arc_easy,
  arc_challenge,
  coqa,
  wikitext,
} as const satisfies Record<string, Task>;

export type TaskName = keyof typeof TASKS;

/** The task called `name`; throws LabError 'bad-spec' that lists the names there are. */
export function findTask(name: string): Task {
  if (!Object.hasOwn(TASKS, name)) {
    throw new LabError('bad-spec', `task is ${name}; allowed: ${Object.keys(TASKS).join(', ')}`);
  }
  return TASKS[name as TaskName];
}
