import { LabError } from '../../errors.ts';
import { seededRandom } from '../../tensor/random.ts';

/** The docs of a split to ask: all, the first `limit` of a seeded order, or those named. */
export interface Choice {
  limit?: number | undefined;
  doc_ids?: readonly number[] | undefined;
  seed: number;
}

/**
 * The doc_ids to ask, in the order to ask them. The order depends on `count` and `seed` alone and never changes, so
 * a limit of 50 is the first half of a limit of 100, and a run that stops early has asked a random sample.
 * `chooseDocs(10, {limit: 3, seed: 7})` is [2, 3, 8]. Throws LabError 'bad-spec'.
 */
export function chooseDocs(count: number, { limit, doc_ids, seed }: Choice): number[] {
  if (doc_ids !== undefined) {
    if (limit !== undefined) {
      throw new LabError('bad-spec', `limit is ${limit} beside doc_ids; allowed: one of the two`);
    }
    return named(count, doc_ids);
  }
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw new LabError('bad-spec', `limit is ${limit}; allowed: 1, 2, 3, …`);
  }
  const random = seededRandom(seed);
  const order = Array.from({ length: count }, (_, doc_id) => doc_id);
  const size = Math.min(count, limit ?? count);
  // Fisher-Yates from the front: every place is final once drawn, so a larger limit only draws on.
  for (let i = 0; i < size; i++) {
    const j = i + random.integer(count - i);
    const drawn = order[j]!;
    order[j] = order[i]!;
    order[i] = drawn;
  }
  return order.slice(0, size);
}

function named(count: number, doc_ids: readonly number[]): number[] {
  if (doc_ids.length === 0) throw new LabError('bad-spec', 'doc_ids is empty; allowed: one or more');
  const seen = new Set<number>();
  for (const doc_id of doc_ids) {
    if (!Number.isSafeInteger(doc_id) || doc_id < 0 || doc_id >= count) {
      throw new LabError('bad-spec', `doc_ids has ${doc_id}; allowed: 0 to ${count - 1}`);
    }
    if (seen.has(doc_id)) throw new LabError('bad-spec', `doc_ids has ${doc_id} twice; allowed: once`);
    seen.add(doc_id);
  }
  return [...doc_ids];
}
