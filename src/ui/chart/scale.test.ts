import { expect, test } from 'vitest';
import { linearScale, niceDomain, scaleTicks } from './scale.ts';

test('places, ticks, and one value alone', () => {
  const x = linearScale([-1, 1], [40, 240]);
  expect([-1, 0, 1].map(x)).toEqual([40, 140, 240]);
  expect(scaleTicks(x, 4)).toEqual([-1, -0.5, 0, 0.5, 1]);
  expect(linearScale([3, 3], [0, 10])(3)).toBe(5);
});

test('a nice domain holds its values with room to spare', () => {
  expect(niceDomain([4.5, 32])).toEqual([0, 35]);
  const [a, b] = niceDomain([0.42]);
  expect(a).toBeLessThan(0.42);
  expect(b).toBeGreaterThan(0.42);
});
