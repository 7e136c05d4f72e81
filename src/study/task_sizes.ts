import type { TaskName } from '../eval/tasks/tasks.ts';

/** How much a task asks, on average over its published files: what an estimate goes by before any of them is read. */
export interface TaskSize {
  items: number;
  /** Of an item without examples, its choices included. */
  characters: number;
  /** Characters of an answer that is written, not chosen. */
  generated: number;
  /** Answers to choose from. */
  choices: number;
}

type SubjectTask = Extract<TaskName, `mmlu_${string}`>;

const size = (items: number, characters: number, generated = 0, choices = 1): TaskSize => ({
  items,
  characters,
  generated,
  choices,
});

// CoQA's by the numbers of its paper, the others counted in the files.
const SIZES: Partial<Record<Exclude<TaskName, SubjectTask>, TaskSize>> = {
  mini_arc: size(2400, 84, 0, 4),
  mini_coqa: size(400, 162, 24),
  mini_text: size(80, 432),
  mini_news: size(2000, 84),
  arc_easy: size(2376, 221, 0, 4),
  arc_challenge: size(1172, 266, 0, 4),
  mmlu: size(14042, 562, 0, 4),
  coqa: size(500, 2300, 15),
  coqa_official: size(7983, 1900, 15),
  ag_news: size(7600, 237),
  wikitext: size(62, 19975),
};

const SUBJECTS = 57;

/** The size of a task; undefined for a text of the reader's own. */
export function taskSize(task: TaskName): TaskSize | undefined {
  if (!task.startsWith('mmlu_')) return SIZES[task as Exclude<TaskName, SubjectTask>];
  const { items, ...each } = SIZES.mmlu!;
  return { items: Math.round(items / SUBJECTS), ...each };
}
