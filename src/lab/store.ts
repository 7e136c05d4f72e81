import type { DBSchema } from 'idb';
import { LabError } from '../errors.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import { database } from './database.ts';
import { MIGRATIONS } from './migrations.ts';
import { tellChange } from './run_changes.ts';

/** The store of runs. An item is stored when its promise resolves; a closed tab loses nothing that was. */
export interface Store {
  /**
   * Adds a run, with its items where it comes with some: all of it or nothing, the record last. `onProgress` hears how
   * many items are written.
   */
  add(
    record: RunRecord,
    items?: readonly StoredItem[],
    onProgress?: (written: number) => void,
  ): Promise<void>;
  /** The same in place of what is kept under the record's id, at once: nobody sees neither of the two. */
  replace: Store['add'];
  /**
   * Changes a run's record as it stands in the store at that moment, in one transaction, and gives what stands there
   * then. With an `epoch`, for the owner of that epoch alone.
   * @throws run-gone if it was deleted, run-elsewhere if another one owns it.
   */
  change(id: string, change: (record: RunRecord) => RunRecord, epoch?: string): Promise<RunRecord>;
  /** Stores an answered item for the run's owner; throws as `change` does. */
  commit(item: StoredItem, epoch: string): Promise<void>;
  get(id: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  list(): Promise<RunRecord[]>;
  /** A run's items; with `config` and `task` those of one configuration, and of one of its tasks. */
  items(id: string, config?: number, task?: TaskName): Promise<StoredItem[]>;
  /** The number of a run's items. */
  count(id: string): Promise<number>;
  remove(id: string): Promise<void>;
}

/** The stores of the browser's database. */
export interface RunsSchema extends DBSchema {
  runs: { key: string; value: RunRecord };
  items: { key: [string, number, string, number]; value: StoredItem };
}

/** Rows written at a time: a few milliseconds' work, between which progress can be told. */
const BATCH = 500;

/** Runs in the browser's IndexedDB, which is opened when they are first asked for. */
export function browserStore(): Store {
  const runs = database<RunsSchema>('nibble', MIGRATIONS);
  const both = ['runs', 'items'] as const;
  const writeWhole = async (
    how: 'add' | 'replace',
    ...[record, items = [], onProgress]: Parameters<Store['add']>
  ): Promise<void> => {
    await runs.use(async (db) => {
      const tx = db.transaction(both, 'readwrite');
      try {
        const rows = tx.objectStore('items');
        if (how === 'replace') await rows.delete(itemsOfRun(record.id));
        for (let at = 0; at < items.length; at += BATCH) {
          const batch = items.slice(at, at + BATCH);
          await Promise.all(batch.map(async (item) => rows.put(item)));
          onProgress?.(at + batch.length);
        }
        const kept = tx.objectStore('runs');
        await Promise.all([how === 'add' ? kept.add(record) : kept.put(record), tx.done]);
      } catch (error) {
        tx.done.catch(() => undefined);
        if (tx.error === null) abort(tx);
        throw error;
      }
    });
    tellChange(record.id);
  };
  return {
    add: (...run) => writeWhole('add', ...run),
    replace: (...run) => writeWhole('replace', ...run),
    async change(id, change, epoch) {
      const changed = await runs.use(async (db) => {
        const tx = db.transaction('runs', 'readwrite');
        const record = requireOwned(await tx.store.get(id), id, epoch);
        const next = change(record);
        await Promise.all([tx.store.put(next), tx.done]);
        return next;
      });
      tellChange(id);
      return changed;
    },
    async commit(item, epoch) {
      await runs.use(async (db) => {
        const tx = db.transaction(both, 'readwrite');
        requireOwned(await tx.objectStore('runs').get(item.run_id), item.run_id, epoch);
        await Promise.all([tx.objectStore('items').put(item), tx.done]);
      });
      tellChange(item.run_id);
    },
    get: (id) => runs.use((db) => db.get('runs', id)),
    list: async () => newestFirst(await runs.use((db) => db.getAll('runs'))),
    items: (id, ...of) => runs.use((db) => db.getAll('items', itemsOfRun(id, ...of))),
    count: (id) => runs.use((db) => db.count('items', itemsOfRun(id))),
    async remove(id) {
      await runs.use(async (db) => {
        const tx = db.transaction(both, 'readwrite');
        await Promise.all([
          tx.objectStore('runs').delete(id),
          tx.objectStore('items').delete(itemsOfRun(id)),
          tx.done,
        ]);
      });
      tellChange(id);
    },
  };
}

/** Takes back what a transaction has written so far, if it has not ended yet. */
function abort(tx: { abort(): void }): void {
  try {
    tx.abort();
  } catch {
    // It has ended, by what failed.
  }
}

/** The range of a run's items, or of a part of them: [] sorts after every number and string. */
function itemsOfRun(id: string, config?: number, task?: TaskName): IDBKeyRange {
  const key = [id, ...(config === undefined ? [] : [config]), ...(task === undefined ? [] : [task])];
  return IDBKeyRange.bound(key, [...key, []]);
}

/** A store that lives as long as the process: the command line writes the result to a file instead. */
export function memoryStore(): Store {
  const runs = new Map<string, RunRecord>();
  const items = new Map<string, StoredItem>();
  const keyOf = ({ run_id, config, task, doc_id }: StoredItem) => [run_id, config, task, doc_id].join(' ');
  const of = (id: string, config?: number, task?: TaskName) =>
    [...items.values()].filter(
      (row) =>
        row.run_id === id &&
        (config === undefined || row.config === config) &&
        (task === undefined || row.task === task),
    );
  /** A failure is a rejection, as with a database. */
  const settled = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()));
  const drop = (id: string): void => {
    for (const [key, { run_id }] of items) if (run_id === id) items.delete(key);
  };
  const put = (record: RunRecord, added: readonly StoredItem[] = []): void => {
    for (const item of added) items.set(keyOf(item), item);
    runs.set(record.id, structuredClone(record));
  };
  return {
    add: (record, added) => settled(() => put(record, added)),
    replace: (record, added) =>
      settled(() => {
        drop(record.id);
        put(record, added);
      }),
    change: (id, change, epoch) =>
      settled(() => {
        const next = structuredClone(change(structuredClone(requireOwned(runs.get(id), id, epoch))));
        runs.set(id, next);
        return structuredClone(next);
      }),
    commit: (item, epoch) =>
      settled(() => {
        requireOwned(runs.get(item.run_id), item.run_id, epoch);
        items.set(keyOf(item), item);
      }),
    get: (id) => settled(() => structuredClone(runs.get(id))),
    list: () => settled(() => newestFirst([...runs.values()])),
    items: (id, ...part) => settled(() => of(id, ...part)),
    count: (id) => settled(() => of(id).length),
    remove: (id) =>
      settled(() => {
        runs.delete(id);
        drop(id);
      }),
  };
}

/** The record, for its owner or for whoever needs not to be that. */
function requireOwned(record: RunRecord | undefined, id: string, epoch: string | undefined): RunRecord {
  if (!record) throw new LabError('run-gone', `The run ${id} is not stored here, or was deleted meanwhile.`);
  if (epoch === undefined || record.epoch === epoch) return record;
  throw new LabError('run-elsewhere', 'Another tab goes on with this run.');
}

const newestFirst = (records: RunRecord[]): RunRecord[] =>
  records.sort((a, b) => (a.created < b.created ? 1 : -1));
