import { countAnswers, gapsOf } from '../study/complete.ts';
import type { RunRecord } from '../study/record.ts';
import type { Migration } from './database.ts';
import type { RunsSchema } from './store.ts';

/** The versions of the database of runs: the first makes it, each later one brings what was stored up to date. */
export const MIGRATIONS: readonly Migration<RunsSchema>[] = [
  function makeStores(db) {
    db.createObjectStore('runs', { keyPath: 'id' });
    db.createObjectStore('items', { keyPath: ['run_id', 'config', 'task', 'doc_id'] });
  },
  async function sayWhatRecordsAre(_, tx) {
    const items = tx.objectStore('items');
    for (let at = await tx.objectStore('runs').openCursor(); at; at = await at.continue()) {
      const keys = await items.getAllKeys(IDBKeyRange.bound([at.value.id], [at.value.id, []]));
      await at.update(
        secondRecord(
          at.value,
          keys.map(([, config, task]) => ({ config, task: task as Answered['task'] })),
        ),
      );
    }
  },
];

type Answered = Parameters<typeof countAnswers>[1] extends Iterable<infer Row> ? Row : never;

/**
 * A record of the first version as the second keeps it: a run from elsewhere was told by its id alone, and one that had
 * lost a configuration was called done.
 */
export function secondRecord(record: RunRecord, answered: readonly Answered[]): RunRecord {
  const isWhole = gapsOf(record, countAnswers(record, answered)).length === 0;
  return {
    ...record,
    ...(record.id.startsWith('shared-') && { foreign: true as const }),
    ...(record.state === 'done' && !isWhole && { state: 'incomplete' as const }),
  };
}
