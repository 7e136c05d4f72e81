import { questionsFrom } from '../../eval/tasks/tasks.ts';
import type { StoredRun } from '../../lab/protocol.ts';
import type { RunRecord } from '../../study/record.ts';
import type { ForeignRun } from '../../study/parse_result.ts';
import { oneLine } from '../../study/one_line.ts';
import { activity } from '../shell/activity.svelte.ts';
import { experiment } from '../experiment/experiment.svelte.ts';
import { store } from '../../lab/client/kept.ts';
import { owned } from './owned.svelte.ts';

/** Stores results from elsewhere beside the runs of this browser. */
export const keepForeign = ({ record, items }: ForeignRun): Promise<void> => store.add(record, items);

/** Gives a run another title, whatever else has changed in it meanwhile. */
export async function renameRun(id: string, title: string): Promise<void> {
  await store.change(id, (record) => ({ ...record, spec: { ...record.spec, title: oneLine(title) } }));
}

/** Where a run is in progress; undefined where it is not. */
export function whereRunning({ id }: Pick<RunRecord, 'id'>): 'here' | 'elsewhere' | undefined {
  if (activity.runId === id) return 'here';
  return owned.ids.has(id) ? 'elsewhere' : undefined;
}

/** The state of a run, in a few words. A run that says it is running, and that nobody owns, was cut off. */
export function stateName(record: Pick<RunRecord, 'id' | 'state' | 'foreign'>): string {
  const where = whereRunning(record);
  const inTab = where === 'elsewhere' ? ' in another tab' : '';
  if (where) return `${record.state === 'paused' ? 'paused' : 'running'}${inTab}`;
  const elsewhere = record.foreign ? 'measured elsewhere, ' : '';
  return elsewhere + ENDED[record.state];
}

const ENDED: Record<RunRecord['state'], string> = {
  running: 'not finished',
  paused: 'not finished',
  done: 'done',
  incomplete: 'not complete',
  failed: 'stopped by a failure',
  cancelled: 'stopped',
};

/** True if a run of this browser lacks answers and nobody is at it. */
export const canResume = (record: RunRecord): boolean =>
  record.state !== 'done' && !record.foreign && whereRunning(record) === undefined;

/** The folders that have to be chosen before the run can go on: their files are not kept, only results. */
export function missingFolders({ spec, environment }: RunRecord): {
  model: boolean;
  adapter: boolean;
  data: boolean;
} {
  const origins = Object.values(environment?.data ?? {}).flat();
  const fromFolder =
    origins.some(({ source }) => source === 'folder') ||
    spec.tasks.some(({ task }) => questionsFrom(task) === 'folder');
  return {
    model: spec.model.source === 'local' && !experiment.modelFolder,
    adapter: spec.model.adapter?.source === 'local' && !experiment.adapterFolder,
    data: fromFolder && !experiment.dataFolder,
  };
}

/** Goes on with a stored run on the Experiment screen. */
export function resumeRun({ record, result }: StoredRun): void {
  void experiment.resume(record.id, record.spec, result);
  location.hash = '#/experiment';
}
