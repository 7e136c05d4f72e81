import type { DBSchema } from 'idb';
import type { Probe } from '../study/speed.ts';
import { database } from './database.ts';

/** Probes made in this browser, kept so that the same one is made once. */
export interface Probes {
  /** Adds to what is known of a model on an adapter. */
  keep(adapter: string, model: string, probe: Probe): Promise<void>;
  of(adapter: string, model: string): Promise<Probe | undefined>;
}

interface Schema extends DBSchema {
  probes: { key: [adapter: string, model: string]; value: Probe };
}

/** The probes in the browser's IndexedDB; what is asked of them rejects where that cannot be opened. */
export function browserProbes(): Probes {
  const kept = database<Schema>('nibble-probes', [(db) => void db.createObjectStore('probes')]);
  return {
    keep: (adapter, model, probe) =>
      kept.use(async (db) => {
        const tx = db.transaction('probes', 'readwrite');
        const before = await tx.store.get([adapter, model]);
        const speeds = { ...before?.speeds, ...probe.speeds };
        await Promise.all([tx.store.put({ ...probe, speeds }, [adapter, model]), tx.done]);
      }),
    of: (adapter, model) => kept.use((db) => db.get('probes', [adapter, model])),
  };
}
