import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { LabError } from '../errors.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';

/** The store of runs. An item is stored when its promise resolves; a closed tab loses nothing that was. */
export interface Store {
  put(record: RunRecord): Promise<void>;
  commit(item: StoredItem): Promise<void>;
  get(id: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  list(): Promise<RunRecord[]>;
  items(id: string): Promise<StoredItem[]>;
  /** The number of a run's items. */
  count(id: string): Promise<number>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  runs: { key: string; value: RunRecord };
  items: { key: [string, number, string, number]; value: StoredItem };
}

/** IndexedDB in the browser. */
export async function browserStore(): Promise<Store> {
  let db: IDBPDatabase<Schema>;
  try {
    db = await openDB<Schema>('nibble', 1, {
      upgrade(database) {
        database.createObjectStore('runs', { keyPath: 'id' });
        database.createObjectStore('items', { keyPath: ['run_id', 'config', 'task', 'doc_id'] });
      },
    });
  } catch (error) {
    throw new LabError('storage', `The browser's storage could not be opened: ${(error as Error).message}`);
  }
  // [] sorts after every number and string: the range of all keys that begin with the run's id.
  const rangeOf = (id: string) => IDBKeyRange.bound([id], [id, []]);
  return {
    async put(record) {
      await guarded(() => db.put('runs', record));
    },
    async commit(item) {
      await guarded(() => db.put('items', item));
    },
    get: (id) => db.get('runs', id),
    async list() {
      return newestFirst(await db.getAll('runs'));
    },
    items: (id) => db.getAll('items', rangeOf(id)),
    count: (id) => db.count('items', rangeOf(id)),
    async remove(id) {
      const tx = db.transaction(['runs', 'items'], 'readwrite');
      await Promise.all([
        tx.objectStore('runs').delete(id),
        tx.objectStore('items').delete(rangeOf(id)),
        tx.done,
      ]);
    },
  };
}

/** A store that lives as long as the process: the command line writes the result to a file instead. */
export function memoryStore(): Store {
  const runs = new Map<string, RunRecord>();
  const items = new Map<string, StoredItem>();
  const keyOf = ({ run_id, config, task, doc_id }: StoredItem) => [run_id, config, task, doc_id].join(' ');
  const of = (id: string) => [...items.values()].filter(({ run_id }) => run_id === id);
  return {
    put: (record) => Promise.resolve(void runs.set(record.id, structuredClone(record))),
    commit: (item) => Promise.resolve(void items.set(keyOf(item), item)),
    get: (id) => Promise.resolve(runs.get(id)),
    list: () => Promise.resolve(newestFirst([...runs.values()])),
    items: (id) => Promise.resolve(of(id)),
    count: (id) => Promise.resolve(of(id).length),
    remove(id) {
      runs.delete(id);
      for (const [key, { run_id }] of items) if (run_id === id) items.delete(key);
      return Promise.resolve();
    },
  };
}

const newestFirst = (records: RunRecord[]): RunRecord[] =>
  records.sort((a, b) => (a.created < b.created ? 1 : -1));

async function guarded(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const full = (error as DOMException).name === 'QuotaExceededError';
    throw new LabError(
      'storage',
      full ? 'The disk space of this browser is used up.' : (error as Error).message,
    );
  }
}
