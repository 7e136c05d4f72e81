import { openDB, type DBSchema } from 'idb';
import type { Probe } from '../study/speed.ts';

/** Probes made in this browser, kept so that the same one is made once. */
export interface Probes {
  /** Adds to what is known of a model on an adapter. */
  keep(adapter: string, model: string, probe: Probe): Promise<void>;
  of(adapter: string, model: string): Promise<Probe | undefined>;
}

interface Schema extends DBSchema {
  probes: { key: [adapter: string, model: string]; value: Probe };
}

/** The probes in the browser's IndexedDB; rejects where that cannot be opened. */
export async function openProbes(): Promise<Probes> {
  const db = await openDB<Schema>('nibble-probes', 1, {
    upgrade(database) {
      database.createObjectStore('probes');
    },
  });
  return {
    async keep(adapter, model, probe) {
      const before = await db.get('probes', [adapter, model]);
      const speeds = { ...before?.speeds, ...probe.speeds };
      await db.put('probes', { ...probe, speeds }, [adapter, model]);
    },
    of: (adapter, model) => db.get('probes', [adapter, model]),
  };
}
