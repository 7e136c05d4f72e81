import { expect, test } from 'vitest';
import { nearestBlocksize, pulledBlocksize } from './block_edge.ts';

test('sizes snap by ratio, within what there is', () => {
  expect([0, 32, 45, 46, 90, 91, 3000, 1e6].map(nearestBlocksize)).toEqual([
    32, 32, 32, 64, 64, 128, 4096, 4096,
  ]);
});

test('an edge follows the hand within the strip and doubles past its end', () => {
  // 64 weights from pixel 100 to 200; the strip ends at 400, where 192 would.
  const held = { blocksize: 64, from: 100, to: 200, end: 400 };
  expect(pulledBlocksize(held, 200)).toBe(64);
  expect(pulledBlocksize(held, 300)).toBe(128);
  expect(pulledBlocksize(held, 50)).toBe(32);
  expect(pulledBlocksize(held, 400)).toBe(256);
  expect(pulledBlocksize(held, 424)).toBe(512);
  // A block longer than the strip is halved at half of what is seen.
  const long = { blocksize: 1024, from: 0, to: 400, end: 400 };
  expect(pulledBlocksize(long, 200)).toBe(512);
  expect(pulledBlocksize(long, 448)).toBe(4096);
});
