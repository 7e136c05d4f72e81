import { expect, test } from 'vitest';
import type { Comparison } from '../result.ts';
import { differenceText } from './difference.ts';

const comparison = (parts: Partial<Comparison>): Comparison => ({
  config: 1,
  task: 'mini_arc',
  n: 100,
  changed: { n: 0, first: null },
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
    detectable: null,
  } as const;
  const text = differenceText(
    comparison({ task: 'mini_text', ratios: [{ ...ratio, ci: [...ratio.ci] }] }),
    'float32',
  );
  expect(plain(text)).toBe('× 1.012 of float32 (95 %: 1.004 to 1.020), p = 0.004');
});
