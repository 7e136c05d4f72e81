import { TASKS } from '../../../eval/tasks/tasks.ts';
import type { RunRecord } from '../../../study/record.ts';
import { longName } from '../../../study/view/config_names.ts';

/** Whether every word of a query is somewhere in a run's title, model, configurations or tasks; "nf4 smol" finds both. */
export function matches({ spec, environment }: RunRecord, query: string): boolean {
  const { model } = spec;
  const text = [
    spec.title,
    model.source === 'hub' ? model.repo : model.name,
    environment?.model.name ?? '',
    ...spec.configs.map(longName),
    ...spec.tasks.map(({ task }) => TASKS[task].title),
  ]
    .join(' ')
    .toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
