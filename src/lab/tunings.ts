import type { DBSchema } from 'idb';
import type { Tuning } from '../gpu/tune.ts';
import { database } from './database.ts';

/** The forms that were fastest on an adapter, kept so that they are timed once a version of the browser. */
export interface Tunings {
  keep(adapter: string, browser: string, tuning: Tuning): Promise<void>;
  of(adapter: string, browser: string): Promise<Tuning | undefined>;
}

interface Schema extends DBSchema {
  tunings: { key: [adapter: string, browser: string]; value: Tuning };
}

/** The tunings in the browser's IndexedDB; what is asked of them rejects where that cannot be opened. */
export function browserTunings(): Tunings {
  const kept = database<Schema>('nibble-tunings', [(db) => void db.createObjectStore('tunings')]);
  return {
    keep: (adapter, browser, tuning) =>
      kept.use(async (db) => void (await db.put('tunings', tuning, [adapter, browser]))),
    of: (adapter, browser) => kept.use((db) => db.get('tunings', [adapter, browser])),
  };
}
