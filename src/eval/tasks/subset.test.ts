import { describe, expect, it } from 'vitest';
import { chooseDocs } from './subset.ts';

describe('chooseDocs', () => {
  it('is the same for ever', () => {
    // Written by a second implementation, in Python, of the generator and of the shuffle.
    expect(chooseDocs(10, { seed: 7 })).toEqual([2, 3, 8, 0, 7, 1, 4, 9, 6, 5]);
    expect(chooseDocs(2376, { limit: 8, seed: 7 })).toEqual([124, 1816, 102, 71, 163, 1358, 625, 845]);
    expect(chooseDocs(2376, { limit: 8, seed: 8 })).toEqual([867, 566, 127, 1289, 1777, 1164, 1129, 1898]);
  });

  it('grows with the limit without changing its beginning', () => {
    const all = chooseDocs(1172, { seed: 3 });
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 1172 }, (_, i) => i));
    for (const limit of [1, 100, 1171, 1172]) {
      expect(chooseDocs(1172, { limit, seed: 3 })).toEqual(all.slice(0, limit));
    }
    expect(chooseDocs(5, { limit: 100, seed: 3 })).toHaveLength(5);
  });

  it('takes every doc about as often', () => {
    const taken = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      for (const doc_id of chooseDocs(20, { limit: 5, seed })) taken[doc_id]!++;
    }
    // 1000 each, standard deviation 27.
    for (const count of taken) expect(Math.abs(count - 1000)).toBeLessThan(5 * 27);
  });

  it('takes named docs outright, in their order', () => {
    expect(chooseDocs(10, { doc_ids: [9, 0, 4], seed: 1 })).toEqual([9, 0, 4]);
  });

  it.each([
    [{ doc_ids: [3, 10] }, 'doc_ids has 10; allowed: 0 to 9'],
    [{ doc_ids: [-1] }, 'doc_ids has -1; allowed: 0 to 9'],
    [{ doc_ids: [1.5] }, 'doc_ids has 1.5; allowed: 0 to 9'],
    [{ doc_ids: [4, 4] }, 'doc_ids has 4 twice; allowed: once'],
    [{ doc_ids: [] }, 'doc_ids is empty; allowed: one or more'],
    [{ doc_ids: [1], limit: 2 }, 'limit is 2 beside doc_ids; allowed: one of the two'],
    [{ limit: 0 }, 'limit is 0; allowed: 1, 2, 3, …'],
    [{ limit: 2.5 }, 'limit is 2.5; allowed: 1, 2, 3, …'],
  ])('refuses %j', (choice, message) => {
    expect(() => chooseDocs(10, { ...choice, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'bad-spec', message }),
    );
  });
});
