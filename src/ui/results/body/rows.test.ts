import { expect, test } from 'vitest';
import type { Comparison } from '../../../study/result.ts';
import { differenceText, sortedRows, type ResultRow } from './rows.ts';
import { scoreText } from '../../../study/view/format.ts';

const comparison = (parts: Partial<Comparison>): Comparison => ({
  config: 1,
  task: 'mini_arc',
  n: 100,
  means: [],
  ratios: [],
  margin: null,
  ...parts,
});

test('how a configuration differs, in words', () => {
  const mean = {
    metric: 'acc',
    baseline: 0.9,
    other: 0.86,
    difference: -0.04,
    ci: null,
    gained: 1,
    lost: 5,
    p: 0.21875,
    test: 'mcnemar',
    detectable: null,
    verdict: '',
  } as const;
  const plain = (text: string) => text.replaceAll('\u00a0', ' ');
  expect(plain(differenceText(comparison({ means: [mean] }), 'float32'))).toBe(
    'differs from float32 on 6 of 100: 1 gained, 5 lost, p = 0.219',
  );
  expect(
    plain(differenceText(comparison({ means: [{ ...mean, gained: 0, lost: 0, p: 1 }] }), 'float32')),
  ).toBe('as float32 on each of 100');
  const ratio = {
    metric: 'word_perplexity',
    baseline: 5,
    other: 5.06,
    ratio: 1.012,
    ci: [1.004, 1.02],
    p: 0.0036,
    verdict: '',
  } as const;
  const text = differenceText(
    comparison({ task: 'mini_text', ratios: [{ ...ratio, ci: [...ratio.ci] }] }),
    'float32',
  );
  expect(plain(text)).toBe('× 1.012 of float32 (95 %: 1.004 to 1.020), p = 0.004');
});

test('scores with as many digits as they bear', () => {
  expect(scoreText({ value: 0.72, stderr: 0.0317 })).toBe('0.720 ± 0.032');
  expect(scoreText({ value: 17.792, stderr: null })).toBe('17.792');
  expect(scoreText({ value: 0, stderr: 0 })).toBe('0.000 ± 0.000');
});

test('sorting by a task puts what is missing last, up and down', () => {
  const row = (index: number, value?: number) =>
    ({
      index,
      name: `c${index}`,
      scores: [{ metric: value === undefined ? undefined : { value, stderr: null } }],
    }) as ResultRow;
  const rows = [row(0, 0.5), row(1), row(2, 0.9)];
  expect(sortedRows(rows, 0, false).map(({ index }) => index)).toEqual([0, 2, 1]);
  expect(sortedRows(rows, 0, true).map(({ index }) => index)).toEqual([2, 0, 1]);
  expect(sortedRows(rows, 'name', true).map(({ index }) => index)).toEqual([2, 1, 0]);
});
