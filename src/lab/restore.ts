import type { RunRecord, StoredItem } from '../study/record.ts';
import type { Store } from './store.ts';

/** Puts a run that was kept elsewhere, on disk by the command line, into a store, to be gone on with there. */
export const restore = (store: Store, record: RunRecord, items: readonly StoredItem[]): Promise<void> =>
  store.add(record, items);
