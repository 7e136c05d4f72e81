import { ownRun } from '../ownership.ts';
import { questions, store } from './kept.ts';

/**
 * Takes a run out of the store, its questions too.
 * @throws run-elsewhere while it is in progress, in this tab or another.
 */
export function deleteRun(id: string): Promise<void> {
  return ownRun(id, async () => {
    await store.remove(id);
    // Without their run nobody finds them; they are no reason to say that it could not be deleted.
    await questions.remove(id).catch(() => undefined);
  });
}
