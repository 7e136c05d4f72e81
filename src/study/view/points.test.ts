import { expect, test } from 'vitest';
import { frontier, pointsOf } from './points.ts';
import type { ResultView } from './view.ts';

test('the frontier is what no other point beats in both', () => {
  const points = [
    { x: 32, y: 0.9 },
    { x: 4.5, y: 0.7 },
    { x: 8, y: 0.9 },
    { x: 4.6, y: 0.6 },
    { x: 4.5, y: 0.65 },
  ];
  expect(frontier(points, true, true)).toEqual([
    { x: 4.5, y: 0.7 },
    { x: 8, y: 0.9 },
  ]);
  // A perplexity: lower is better; more tokens per second are, too.
  expect(frontier(points, false, false)).toEqual([
    { x: 32, y: 0.9 },
    { x: 4.6, y: 0.6 },
  ]);
});

test('a point a configuration that has the metric, told from the baseline by the test of that metric', () => {
  const row = (name: string, value: number, p?: number) => ({
    ...{ name, footprint: { bits_per_weight: 4, actual_bytes: 100 }, timings: { tokens_per_second: 9 } },
    scores: [
      {
        ...{ task: 'mini_arc', metrics: { acc: { value, stderr: 0.1 } } },
        comparison: p === undefined ? undefined : { means: [{ metric: 'acc', p }], ratios: [] },
        tested: p === undefined ? undefined : { p },
      },
    ],
  });
  const rows = [row('float32', 0.9), row('NF4 · 64', 0.8, 0.2), row('FP4 · 64', 0.5, 0.01)];
  const view = { rows, adjustment: 'holm' } as unknown as ResultView;
  expect(
    pointsOf(view, { task: 'mini_arc', metric: 'acc' }).map(({ name, value, distinct }) => [
      name,
      value,
      distinct,
    ]),
  ).toEqual([
    ['float32', 0.9, undefined],
    ['NF4 · 64', 0.8, false],
    ['FP4 · 64', 0.5, true],
  ]);
  expect(pointsOf(view, { task: 'mini_arc', metric: 'acc_norm' })).toEqual([]);
  expect(pointsOf(view, { task: 'mini_text', metric: 'acc' })).toEqual([]);
});
