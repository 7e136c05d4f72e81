import { expect, test } from 'vitest';
import { frontier } from './points.ts';

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
