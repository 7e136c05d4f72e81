import { expect, test } from 'vitest';
import type { ItemResult } from '../../eval/item.ts';
import { countCells, pairItems, pairsOf } from './disagreements.ts';

const choice = (doc_id: number, lls: number[], gold: number): ItemResult => {
  const pred = lls.indexOf(Math.max(...lls));
  const acc = Number(pred === gold);
  return {
    ...{
      doc_id,
      output_type: 'multiple_choice',
      lls,
      is_greedy: lls.map(() => false),
      tokens: lls.map(() => 1),
    },
    ...{ pred, pred_norm: pred, pred_bytes: pred, gold, acc, acc_norm: acc, acc_bytes: acc },
  };
};

test('questions fall into four cells, the largest change first', () => {
  const first = [
    choice(0, [-1, -2], 0),
    choice(1, [-1, -2], 0),
    choice(2, [-1, -2], 1),
    choice(3, [-3, -2], 0),
    choice(9, [-1, -2], 0),
  ];
  const second = [
    choice(3, [-2.5, -2], 0),
    choice(2, [-2, -1.5], 1),
    choice(1, [-4, -2], 0),
    choice(0, [-1, -2], 0),
  ];
  const pairs = pairItems('mini_arc', first, second);
  expect(pairs.map(({ doc_id, cell }) => [doc_id, cell])).toEqual([
    [1, 'first'],
    [2, 'second'],
    [3, 'neither'],
    [0, 'both'],
  ]);
  // The right choice led by 1 nat and is 2 behind.
  expect(pairs[0]!.change).toBe(-3);
  expect(countCells(pairs)).toEqual({ both: 1, first: 1, second: 1, neither: 1 });
  const asked = { first: 0, second: 1 };
  const page = pairsOf(pairs, { ...asked, cell: undefined, from: 1, to: 3 });
  expect(page).toMatchObject({ total: 4, listed: 4, counts: countCells(pairs) });
  expect(page.pairs).toEqual(pairs.slice(1, 3));
  const both = pairsOf(pairs, { ...asked, cell: 'both', from: 0, to: 10 });
  expect([both.total, both.listed, both.pairs.map(({ doc_id }) => doc_id)]).toEqual([4, 1, [0]]);
});

test('a text has no right and wrong; its change is per token', () => {
  const text = (loglikelihood: number): ItemResult => ({
    ...{ doc_id: 0, output_type: 'loglikelihood_rolling', loglikelihood, tokens: 10, words: 8, bytes: 40 },
  });
  const [pair] = pairItems('mini_arc', [text(-20)], [text(-25)]);
  expect(pair).toMatchObject({ cell: undefined, change: -0.5 });
});
