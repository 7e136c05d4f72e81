import { deleteKept, listKept, type Kept } from '../copy/kept_files.ts';
import { clearSlices } from '../slice_cache.ts';
import { store } from './kept.ts';

export type { Kept };

/** What this browser keeps for this page. */
export interface KeptHere {
  /** Models and data sets of the Hub, the largest first. */
  downloads: Kept[];
  /** The number of runs, with their answers. */
  runs: number;
  /** Bytes of all that is kept, and how many there may be in all; undefined where the browser does not say. */
  used: number | undefined;
  quota: number | undefined;
  /** The browser has promised not to clear it by itself. */
  persisted: boolean;
}

/** Looks up what is kept; what cannot be looked up counts as nothing. */
export async function keptHere(): Promise<KeptHere> {
  // A page that came without https has none.
  const storage = navigator.storage as StorageManager | undefined;
  const [downloads, runs, estimate, persisted] = await Promise.all([
    listKept().catch(() => []),
    store.list().then(
      ({ length }) => length,
      () => 0,
    ),
    storage?.estimate().catch(() => undefined),
    storage?.persisted().catch(() => false),
  ]);
  return { downloads, runs, used: estimate?.usage, quota: estimate?.quota, persisted: persisted ?? false };
}

/** Deletes one download. @throws storage while a run goes on. */
export const deleteDownload = (kept: Kept): Promise<void> => deleteKept(kept);

/** Deletes all downloads, and parts of large data sets. @throws storage while a run goes on. */
export async function deleteDownloads(): Promise<void> {
  for (const kept of await listKept()) await deleteKept(kept);
  await clearSlices();
}

/** Asks the browser not to clear what is kept by itself; whether it agreed. */
export const askToPersist = async (): Promise<boolean> => navigator.storage.persist();
