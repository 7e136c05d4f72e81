import { expect, test } from 'vitest';
import { linearScale, log2Scale, niceDomain, tickTexts } from './scale.ts';

test('places, ticks, and one value alone', () => {
  const x = linearScale([-1, 1], [40, 240]);
  expect([-1, 0, 1].map(x)).toEqual([40, 140, 240]);
  expect(x.ticks(4)).toEqual([-1, -0.5, 0, 0.5, 1]);
  expect(linearScale([3, 3], [0, 10])(3)).toBe(5);
});

test('a nice domain holds its values with room to spare', () => {
  expect(niceDomain([4.5, 32])).toEqual([0, 35]);
  const [a, b] = niceDomain([0.42]);
  expect(a).toBeLessThan(0.42);
  expect(b).toBeGreaterThan(0.42);
});

test('powers of two, evenly', () => {
  const x = log2Scale([4.5, 8.1, 32], [0, 30]);
  expect(x.ticks(5)).toEqual([4, 8, 16, 32]);
  expect([4, 8, 32].map(x)).toEqual([0, 10, 30]);
});

test('ticks have the decimals that tell them apart', () => {
  expect(tickTexts([1.73, 1.735, 1.74])).toEqual(['1.730', '1.735', '1.740']);
  expect(tickTexts([-0.1, 0, 0.1])).toEqual(['−0.1', '0.0', '0.1']);
  expect(tickTexts([4, 8, 16])).toEqual(['4', '8', '16']);
  expect(tickTexts([3])).toEqual(['3']);
});
