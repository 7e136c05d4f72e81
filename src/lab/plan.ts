import type { Doc } from '../eval/doc.ts';
import { loadDocs } from '../eval/load.ts';
import { chooseDocs } from '../eval/subset.ts';
import type { DataFiles } from '../eval/task.ts';
import { TASKS, type TaskName } from '../eval/tasks.ts';
import type { ExperimentSpec, TaskSpec } from './spec.ts';

/** One thing to ask, of every configuration alike. */
export interface PlannedItem {
  task: TaskName;
  doc_id: number;
  doc: Doc;
  /** How long it takes compared with others: its characters, since tokens are not known yet. */
  cost: number;
}

/** The items of a spec in the order they are asked; every task's files are read here, before any weight is. */
export async function planItems(spec: ExperimentSpec, data: DataFiles): Promise<PlannedItem[]> {
  const items: PlannedItem[] = [];
  for (const task of spec.tasks) items.push(...(await planTask(task, spec.seed, data)));
  return items;
}

async function planTask(spec: TaskSpec, seed: number, data: DataFiles): Promise<PlannedItem[]> {
  const { task, split, num_fewshot, limit, doc_ids } = spec;
  const docs = await loadDocs(TASKS[task], data, defined({ split, num_fewshot }));
  const chosen = chooseDocs(docs.length, { seed, ...defined({ limit, doc_ids }) });
  return chosen.map((doc_id) => ({ task, doc_id, doc: docs[doc_id]!, cost: costOf(docs[doc_id]!) }));
}

function costOf(doc: Doc): number {
  switch (doc.output_type) {
    case 'multiple_choice':
      return doc.context.length + doc.choices.join('').length;
    case 'generate_until':
      // A generated token takes a pass of its own, some forty times a prompt's.
      return doc.context.length + 40 * Math.max(...doc.refs.map((ref) => ref.length));
    case 'loglikelihood_rolling':
      return doc.text.length;
  }
}

/** The entries that are there: an optional key may be absent but not undefined. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
