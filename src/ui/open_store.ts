import { browserStore, type Store } from '../lab/store.ts';

let opened: Promise<Store> | undefined;

/** The browser's store, opened when it is first needed, and again after it could not be. */
export function openStore(): Promise<Store> {
  opened ??= browserStore().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}
