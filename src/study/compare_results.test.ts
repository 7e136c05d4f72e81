import { describe, expect, it } from 'vitest';
import type { ItemResult, MultipleChoiceItem } from '../eval/item.ts';
import { compareResults } from './compare_results.ts';
import type { ExperimentResult } from './result.ts';

const choice = (doc_id: number, lls: number[]): MultipleChoiceItem => {
  const pred = lls.indexOf(Math.max(...lls));
  const same = { pred, pred_norm: pred, pred_bytes: pred, gold: 0, acc: 0, acc_norm: 0, acc_bytes: 0 };
  return { doc_id, output_type: 'multiple_choice', lls, is_greedy: [], tokens: [], ...same };
};
const result = (digest: string, items: ItemResult[], version?: number): ExperimentResult =>
  ({
    digest,
    environment: {
      ...(version !== undefined && { kernels: { version, matvec: 'matvec', attention: 'attention' } }),
    },
    runs: [
      { config: { quant_type: 'none', compute_dtype: 'float32' }, tasks: [{ task: 'mini_arc', items }] },
    ],
  }) as unknown as ExperimentResult;

const before = result('a', [choice(4, [-1, -2]), choice(7, [-3, -3.0001])]);

describe('compareResults', () => {
  it('knows the same numbers by their digest', () => {
    expect(compareResults(before, before)).toMatchObject({
      ...{ verdict: 'bit_for_bit', n: 2, differing: 0, worst: 0 },
    });
  });

  it('lets a near-tie fall to either side', () => {
    const after = result('b', [choice(4, [-1.0004, -2]), choice(7, [-3.0002, -3])]);
    const found = compareResults(before, after);
    expect(found.verdict).toBe('within_tolerance');
    expect(found.worst).toBeCloseTo(4e-4, 6);
  });

  it('knows the rounding of other kernels from a difference', () => {
    const after = (by: number) => result('b', [choice(4, [-1, -2 - by]), choice(7, [-3, -3.0001])], 2);
    expect(compareResults(before, after(1e-6))).toMatchObject({
      verdict: 'other_kernels',
      sentence: 'Other kernels (version 1 and 2): 2 answers are equal to 5e-7.',
    });
    expect(compareResults(after(0), after(1e-6)).verdict).toBe('bit_for_bit');
    expect(compareResults({ ...after(0), digest: 'c' }, after(1e-6)).verdict).toBe('within_tolerance');
    expect(compareResults(before, after(1e-4)).verdict).toBe('within_tolerance');
    expect(compareResults(before, after(1e-2)).verdict).toBe('different');
  });

  it('names the first item that differs', () => {
    const after = result('b', [choice(4, [-1.5, -2]), choice(7, [-9, -3])]);
    expect(compareResults(before, after).sentence).toBe(
      'Not reproduced: float32 on mini_arc, item 4: a log-likelihood differs by 0.5000 nats.',
    );
  });

  it('sees that another number of choices was another question', () => {
    const after = result('b', [choice(4, [-1, -2, -3])]);
    expect(compareResults(before, after).sentence).toBe(
      'Not reproduced: float32 on mini_arc, item 4: the question has 3 choices and gold 0, had 2 choices and gold 0.',
    );
  });

  it('compares only what both have', () => {
    const after = result('b', [choice(7, [-3, -3.0001])]);
    expect(compareResults(before, after)).toMatchObject({ verdict: 'within_tolerance', n: 1 });
    expect(compareResults(before, result('c', [])).sentence).toBe('The two results have no item in common.');
  });
});
