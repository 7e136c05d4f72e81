import { LabError } from '../errors.ts';

/** The name of the lock that whoever owns a run holds; it goes with the tab or worker that held it. */
const LOCK = 'run ';

/**
 * Does the work while no other tab or worker of the page owns the run. Holding a lock also keeps browsers from freezing
 * a tab in the background.
 * @throws run-elsewhere where another one does.
 */
export async function ownRun<T>(run_id: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(LOCK + run_id, { ifAvailable: true }, async (lock) => {
    if (lock) return work();
    throw new LabError('run-elsewhere', 'This run is in progress in another tab or window.');
  });
}

/** Does the work as soon as nobody owns the run: a worker that was ended lets go of it a moment later. */
export const whenFree = <T>(run_id: string, work: () => Promise<T>): Promise<T> =>
  navigator.locks.request(LOCK + run_id, work);

/** The ids of the runs that somebody owns, in this tab or another. */
export async function ownedRuns(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(LOCK) ? [name.slice(LOCK.length)] : [])));
}
