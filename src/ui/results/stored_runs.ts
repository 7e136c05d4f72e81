import { questionsFrom } from '../../eval/tasks/tasks.ts';
import type { StoredRun } from '../../lab/protocol.ts';
import type { RunRecord } from '../../study/record.ts';
import type { ForeignRun } from '../../study/parse_result.ts';
import { activity } from '../shell/activity.svelte.ts';
import { experiment } from '../experiment/experiment.svelte.ts';
import { openStore, questions } from '../../lab/client/kept.ts';

/** Results that were measured elsewhere are kept under ids of this kind: they can be read, but not gone on with. */
const FOREIGN = 'shared-';

/** An id for results from elsewhere. */
export const foreignId = (): string => `${FOREIGN}${crypto.randomUUID()}`;

/** True if a stored run was measured elsewhere. */
export const isForeign = ({ id }: Pick<RunRecord, 'id'>): boolean => id.startsWith(FOREIGN);

/** Stores results from elsewhere beside the runs of this browser. */
export async function keepForeign({ record, items }: ForeignRun): Promise<void> {
  const store = await openStore();
  await store.put(record);
  await Promise.all(items.map((item) => store.commit(item)));
}

/** Takes a run out of the store, its questions too. */
export async function removeRun(id: string): Promise<void> {
  await (await openStore()).remove(id);
  await questions().then(
    (store) => store.remove(id),
    () => undefined,
  );
}

/** Gives a run another title. */
export async function renameRun(record: RunRecord, title: string): Promise<void> {
  await (await openStore()).put({ ...record, spec: { ...record.spec, title } });
}

/** The state of a run, in a word or two. A run that says it is running, but not in this tab, was cut off. */
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

/** True if a run of this browser is not done and is not running in this tab. */
export const canResume = ({ id, state }: RunRecord): boolean =>
  state !== 'done' && activity.runId !== id && !isForeign({ id });

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
