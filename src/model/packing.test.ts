import { expect, it } from 'vitest';
import { seededRandom } from '../tensor/random.ts';
import { layOut, pack, tokensOf } from './packing.ts';

it('packs the longest first, and what is too long by itself', () => {
  expect(pack([3, 9, 2, 5, 4], 9)).toEqual([[1], [3, 4], [0, 2]]);
  expect(pack([30, 1], 9)).toEqual([[0], [1]]);
  expect(pack([1, 1, 1], 0)).toEqual([[0], [1], [2]]);
  const random = seededRandom(3);
  const lengths = Array.from({ length: 200 }, () => 1 + Math.floor(100 * random.uniform()));
  const packs = pack(lengths, 128);
  expect(packs.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
  for (const packed of packs) {
    expect(packed.reduce((sum, i) => sum + lengths[i]!, 0)).toBeLessThanOrEqual(128);
  }
});

it('lays bundles side by side, each seeing its own slots', () => {
  const bundles = [
    [
      { context: [7, 8], continuation: [1, 2, 3] },
      { context: [7, 8], continuation: [4, 5] },
    ],
    [{ context: [9], continuation: [6, 7] }],
  ];
  const { tokens, wanted } = layOut(bundles);
  expect(tokens.map(({ id, position }) => [id, position])).toEqual([
    ...[
      [7, 0],
      [8, 1],
      [1, 2],
      [2, 3],
      [4, 2],
    ],
    ...[
      [9, 0],
      [6, 1],
    ],
  ]);
  expect(tokens.map(({ span }) => span(undefined))).toEqual([
    ...[
      [0, 0, 0, 1],
      [0, 0, 0, 2],
      [0, 2, 2, 3],
      [0, 2, 2, 4],
      [0, 2, 4, 5],
    ],
    ...[
      [0, 0, 5, 6],
      [0, 0, 5, 7],
    ],
  ]);
  // A window of two: a branch's first token still sees the context's last.
  expect(tokens.map(({ span }) => span(2))).toEqual([
    ...[
      [0, 0, 0, 1],
      [0, 0, 0, 2],
      [1, 2, 2, 3],
      [2, 2, 2, 4],
      [1, 2, 4, 5],
    ],
    ...[
      [0, 0, 5, 6],
      [0, 0, 5, 7],
    ],
  ]);
  expect(wanted).toEqual([
    ...[
      { row: 1, target: 1 },
      { row: 2, target: 2 },
      { row: 3, target: 3 },
    ],
    ...[
      { row: 1, target: 4 },
      { row: 4, target: 5 },
    ],
    ...[
      { row: 5, target: 6 },
      { row: 6, target: 7 },
    ],
  ]);
  expect(tokensOf({ pairs: bundles[0]!, bundles: [[0, 1]] })).toBe(5);
  expect(tokensOf({ pairs: bundles[0]!, bundles: [[0], [1]] })).toBe(7);
});
