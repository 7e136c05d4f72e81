import { expect, test } from 'vitest';
import type { ItemResult } from '../../eval/item.ts';
import type { ConfigRun } from '../result.ts';
import { countCells, pairItems } from './disagreements.ts';

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
const runOf = (items: ItemResult[]) =>
  ({ tasks: [{ task: 'mini_arc', n: items.length, metrics: {}, items }] }) as unknown as ConfigRun;

test('questions fall into four cells, the largest change first', () => {
  const first = runOf([
    choice(0, [-1, -2], 0),
    choice(1, [-1, -2], 0),
    choice(2, [-1, -2], 1),
    choice(3, [-3, -2], 0),
    choice(9, [-1, -2], 0),
  ]);
  const second = runOf([
    choice(3, [-2.5, -2], 0),
    choice(2, [-2, -1.5], 1),
    choice(1, [-4, -2], 0),
    choice(0, [-1, -2], 0),
  ]);
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
});

test('a text has no right and wrong; its change is per token', () => {
  const text = (loglikelihood: number): ItemResult => ({
    ...{ doc_id: 0, output_type: 'loglikelihood_rolling', loglikelihood, tokens: 10, words: 8, bytes: 40 },
  });
  const [pair] = pairItems('mini_arc', runOf([text(-20)]), runOf([text(-25)]));
  expect(pair).toMatchObject({ cell: undefined, change: -0.5 });
});
