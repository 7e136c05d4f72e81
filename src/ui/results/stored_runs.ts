import { assembleResult } from '../../lab/assemble.ts';
import type { ExperimentResult } from '../../lab/result.ts';
import type { RunRecord } from '../../lab/store.ts';
import { activity } from '../activity.svelte.ts';
import { experiment } from '../experiment/experiment.svelte.ts';
import { TASK_NAMES } from '../names.ts';
import { openStore } from '../open_store.ts';

/** A stored run and what its rows say; there is no result before the model was read. */
export interface StoredRun {
  record: RunRecord;
  answers: number;
  result: ExperimentResult | undefined;
}

/** A run out of the store, or undefined if it is not there. */
export async function readRun(id: string): Promise<StoredRun | undefined> {
  const store = await openStore();
  const record = await store.get(id);
  if (!record) return undefined;
  const items = await store.items(id);
  return { record, answers: items.length, result: assembleResult(record, items) };
}

/** How a run stands, in a word or two. A run that says it is running, but not in this tab, was cut off. */
export function stateName({ id, state }: RunRecord): string {
  switch (state) {
    case 'done':
      return 'done';
    case 'running':
      return activity.runId === id ? 'running' : 'not finished';
    case 'failed':
      return 'stopped by a failure';
    case 'cancelled':
      return 'stopped';
  }
}

/** Whether there is something left to do that nobody is doing. */
export const canResume = ({ id, state }: RunRecord): boolean => state !== 'done' && activity.runId !== id;

/** Which folders have to be chosen before the run can go on: files are not kept, only what they gave. */
export function missingFolders({ spec }: RunRecord): { model: boolean; adapter: boolean; data: boolean } {
  return {
    model: spec.model.source === 'local' && !experiment.modelFolder,
    adapter: spec.model.adapter?.source === 'local' && !experiment.adapterFolder,
    data: spec.tasks.some(({ task }) => !TASK_NAMES[task].bundled) && !experiment.dataFolder,
  };
}

/** Goes on with a stored run on the Experiment screen. */
export function resumeRun({ record, result }: StoredRun): void {
  void experiment.resume(record.id, record.spec, result);
  location.hash = '#/experiment';
}
