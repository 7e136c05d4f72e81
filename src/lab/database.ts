import {
  openDB,
  type DBSchema,
  type OpenDBCallbacks,
  type IDBPDatabase,
  type IDBPTransaction,
  type StoreNames,
} from 'idb';
import { LabError } from '../errors.ts';

/** One step of a database's schema, from the version before it to its own, within the transaction that upgrades it. */
export type Migration<S extends DBSchema> = (
  db: IDBPDatabase<S>,
  tx: IDBPTransaction<S, StoreNames<S>[], 'versionchange'>,
) => Promise<unknown> | void;

/** A database of the browser, opened when it is first used, and again after the browser or a newer page closed it. */
export interface Database<S extends DBSchema> {
  /**
   * Does something with the open database.
   * @throws storage, storage-full, storage-blocked or storage-newer, by what is in the way.
   */
  use<T>(work: (db: IDBPDatabase<S>) => Promise<T>): Promise<T>;
}

/** A database whose version is the number of its migrations: the first makes it, each later one is a shipped change. */
export function database<S extends DBSchema>(name: string, migrations: readonly Migration<S>[]): Database<S> {
  let opened: Promise<IDBPDatabase<S>> | undefined;
  const open = () => {
    const now = openVersion(name, migrations, () => {
      if (opened === now) opened = undefined;
    });
    now.catch(() => {
      if (opened === now) opened = undefined;
    });
    return now;
  };
  return {
    async use(work) {
      const db = await (opened ??= open());
      try {
        return await work(db);
      } catch (error) {
        throw error instanceof DOMException ? storageFailure(error) : error;
      }
    },
  };
}

/** The open database; `onclose` is called once it is closed, by the browser or because a newer page waits for it. */
async function openVersion<S extends DBSchema>(
  name: string,
  migrations: readonly Migration<S>[],
  onclose: () => void,
): Promise<IDBPDatabase<S>> {
  let isLate = false;
  let giveUp: (failure: LabError) => void;
  const inTheWay = new Promise<never>((_, reject) => (giveUp = reject));
  // Browsers that keep nothing throw at once, or have no indexedDB to ask.
  const open = async (callbacks: OpenDBCallbacks<S>) => openDB<S>(name, migrations.length, callbacks);
  const opening = open({
    upgrade(db, before, _, tx) {
      const migrated = async () => {
        for (const migrate of migrations.slice(before)) await migrate(db, tx);
      };
      // Half a migration would be called the new version: it is taken back, and the database stays as it was.
      migrated().catch(() => tx.abort());
    },
    blocked() {
      isLate = true;
      giveUp(
        new LabError(
          'storage-blocked',
          'Another tab holds an older version of the page, and with it the runs that this browser keeps.',
        ),
      );
    },
    blocking(_, __, event) {
      (event.target as IDBDatabase).close();
      onclose();
    },
    terminated: onclose,
  });
  // Whoever asked was refused by then, and asks again: the connection that came too late must not be in anybody's way.
  opening.then(
    (db) => isLate && db.close(),
    () => undefined,
  );
  return Promise.race([opening, inTheWay]).catch((error: unknown) => {
    throw storageFailure(error);
  });
}

/** An error of the browser's storage, with the code that says what to do about it. */
function storageFailure(error: unknown): LabError {
  if (error instanceof LabError) return error;
  const { name, message } = error as DOMException;
  switch (name) {
    case 'QuotaExceededError':
      return new LabError('storage-full', 'The disk space of this browser is used up.');
    case 'VersionError':
      return new LabError('storage-newer', 'A newer version of this page has kept runs in this browser.');
    default:
      return new LabError('storage', `The browser's storage failed: ${message || name}.`);
  }
}
