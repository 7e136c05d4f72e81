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
  expect(tickTexts([1.73, 1.73 + 2e-8])).toEqual(['1.73000000', '1.73000002']);
  expect(tickTexts([1e-8, 2e-8])).toEqual(['1.00e-8', '2.00e-8']);
});

test('scores that are one to the eye keep a domain whose ticks can be read', () => {
  const close = [1.73, 1.73 + 3e-9];
  expect(niceDomain(close)).toEqual([1.5, 2]);
  const texts = tickTexts(linearScale(niceDomain([1.7301, 1.7309]), [0, 100]).ticks(5));
  expect(new Set(texts).size).toBe(texts.length);
});
