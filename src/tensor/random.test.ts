import { expect, test } from 'vitest';
import { seededRandom } from './random.ts';

const take = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw);

test('the numbers of a seed never change', () => {
  const words = (seed: number) => {
    const random = seededRandom(seed);
    return take(5, () => random.uniform() * 2 ** 32);
  };
  // Computed by another implementation of mulberry32, in Python.
  expect(words(0)).toEqual([1144304738, 1416247, 958946056, 627933444, 2007157716]);
  expect(words(7)).toEqual([50271532, 266108690, 4195786334, 3002305430, 2239590375]);
  expect(words(2 ** 32 - 1)).toEqual([3850105811, 813802916, 3073704848, 4054706436, 3630262831]);
  expect(words(-1)).toEqual(words(2 ** 32 - 1));

  expect(seededRandom(7).shuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([0, 4, 8, 1, 7, 3, 5, 6, 9, 2]);
  const small = seededRandom(7);
  expect(take(8, () => small.integer(1000))).toEqual([532, 690, 334, 430, 375, 388, 909, 827]);
  // The words above 3e9 are drawn again.
  const large = seededRandom(7);
  expect(take(4, () => large.integer(3e9))).toEqual([50271532, 266108690, 2239590375, 1741702388]);
  const normal = seededRandom(7);
  expect(normal.normal()).toBeCloseTo(2.759372980858392, 12);
  expect(normal.normal()).toBeCloseTo(1.1319811161353848, 12);
});

test('integers are spread evenly', () => {
  const random = seededRandom(1);
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[random.integer(6)]!++;
  // Binomial: 10,000 with a standard deviation of 91; five of them.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(456);
  expect(take(9, () => random.integer(1))).toEqual(new Array(9).fill(0));
  expect(random.integer(2 ** 32)).toBeLessThan(2 ** 32);
});

test('normal numbers have the moments and the tails of a normal distribution', () => {
  const random = seededRandom(2);
  const n = 200_000;
  const x = take(n, () => random.normal());
  const mean = (f: (v: number) => number) => x.reduce((sum, v) => sum + f(v), 0) / n;
  expect(Math.abs(mean((v) => v))).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(mean((v) => v * v) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  expect(Math.abs(mean((v) => v ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  const beyond2 = x.filter((v) => Math.abs(v) > 1.959964).length;
  expect(Math.abs(beyond2 - 0.05 * n)).toBeLessThan(5 * Math.sqrt(0.05 * 0.95 * n));
});

test('every order of three is as likely, and shuffling keeps the elements', () => {
  const random = seededRandom(3);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const order = random.shuffle(['a', 'b', 'c']).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
});
