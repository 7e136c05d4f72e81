import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { CheckableFile, Repository } from './hub_file.ts';
import type { RepositoryRef } from './shelf.ts';

/** What is known of a copy on disk. */
export interface KeptFile {
  /** Its hash, which is also its name on disk. */
  key: string;
  bytes: number;
  /** Bytes of each part that are there. */
  done: number[];
  /** Once the whole copy was checked. */
  sha256?: string | undefined;
}

/** A repository as it was last seen at a revision, and when it was last asked for. */
export interface KeptRepository extends Repository {
  revision: string;
  used: string;
}

interface Schema extends DBSchema {
  files: { key: string; value: KeptFile };
  repositories: { key: [string, string, string]; value: KeptRepository };
}

/** What this browser keeps of the Hub, by IndexedDB: what is there of each file, changed in one step or not at all. */
export interface KeptIndex {
  file(key: string): Promise<KeptFile | undefined>;
  put(file: KeptFile): Promise<void>;
  repository(ref: RepositoryRef): Promise<KeptRepository | undefined>;
  putRepository(ref: RepositoryRef, repository: Repository): Promise<void>;
  all(): Promise<{ files: KeptFile[]; repositories: KeptRepository[] }>;
  forget(files: readonly string[], repositories: readonly KeptRepository[]): Promise<void>;
}

/** Opens the index; rejects where the browser keeps nothing for pages. */
export async function keptIndex(): Promise<KeptIndex> {
  const db: IDBPDatabase<Schema> = await openDB<Schema>('nibble-hub', 1, {
    upgrade(database) {
      database.createObjectStore('files', { keyPath: 'key' });
      database.createObjectStore('repositories', { keyPath: ['kind', 'repo', 'revision'] });
    },
    // A newer page waits for this one to let go.
    blocking: (_, __, event) => (event.target as IDBDatabase).close(),
  });
  return {
    file: (key) => db.get('files', key),
    async put(file) {
      await db.put('files', file);
    },
    repository: ({ kind, repo, revision }) => db.get('repositories', [kind, repo, revision]),
    async putRepository({ revision }, repository) {
      const tx = db.transaction('repositories', 'readwrite');
      const used = new Date().toISOString();
      // Under its commit as well, which a run that goes on will ask for.
      for (const each of new Set([revision, repository.commit])) {
        void tx.store.put({ ...repository, revision: each, used });
      }
      await tx.done;
    },
    async all() {
      const [files, repositories] = await Promise.all([db.getAll('files'), db.getAll('repositories')]);
      return { files, repositories };
    },
    async forget(files, repositories) {
      const tx = db.transaction(['files', 'repositories'], 'readwrite');
      for (const key of files) void tx.objectStore('files').delete(key);
      for (const { kind, repo, revision } of repositories) {
        void tx.objectStore('repositories').delete([kind, repo, revision]);
      }
      await tx.done;
    },
  };
}

/** The folder of the copies in the origin's private file system. */
export const keptFolder = async (): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle('hub-files', { create: true });

/** The lock under which one tab at a time writes or deletes a copy. */
export const lockOf = ({ key }: Pick<CheckableFile, 'key'>): string => `hub file ${key}`;
