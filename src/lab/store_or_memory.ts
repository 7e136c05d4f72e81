import { toFailure, type Failure } from '../errors.ts';
import { memoryStore, type Store } from './store.ts';

/**
 * The store, or one in memory where the browser refuses to keep anything, as in some private windows: a run in memory is
 * better than none. `onRefused` hears why; a store that is full or in the way of another tab is no reason.
 */
export async function storeOrMemory(store: Store, onRefused: (failure: Failure) => void): Promise<Store> {
  try {
    await store.count('');
    return store;
  } catch (error) {
    const failure = toFailure(error);
    if (failure.code !== 'storage') return store;
    onRefused(failure);
    return memoryStore();
  }
}
