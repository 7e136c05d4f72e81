import { expect, it } from 'vitest';
import { transposedMatrix } from './stored_tensors.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';

/** 5 rows of 3 × 2^20 weights, stored transposed: rows of the file are 10 bytes, and three pieces of 8 MiB and a rest make it. */
const [ROWS, COLUMNS] = [5, 3 * 2 ** 20];

const checkpoint = {
  tensors: new Map([['w', { info: { dtype: 'BF16', shape: [COLUMNS, ROWS], data_offsets: [0, 0] } }]]),
} as unknown as Checkpoint;

const valueAt = (row: number, column: number): number => (row * 31 + column * 7) % 65_521;

it('reads a transposed file once, in its order, and gives any rows of the matrix', async () => {
  const asked: [number, number][] = [];
  const room = new Uint8Array(8 * 2 ** 20);
  const matrix = transposedMatrix(checkpoint, { name: 'w', shape: [ROWS, COLUMNS] }, (_, begin, end) => {
    asked.push([begin, end]);
    // The one room is written over by the next piece.
    const words = new Uint16Array(room.buffer, 0, (end - begin) * ROWS);
    for (let i = 0; i < words.length; i++) words[i] = valueAt(i % ROWS, begin + Math.floor(i / ROWS));
    return Promise.resolve(room.subarray(0, 2 * words.length));
  });
  for (const [begin, end] of [
    [3, 5],
    [0, 1],
  ] as const) {
    const bytes = await matrix.read(begin, end);
    const got = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
    expect(got).toHaveLength((end - begin) * COLUMNS);
    const wrong = got.findIndex(
      (value, i) => value !== valueAt(begin + Math.floor(i / COLUMNS), i % COLUMNS),
    );
    expect(wrong).toBe(-1);
  }
  expect(asked).toHaveLength(4);
  expect(asked.map(([begin]) => begin)).toEqual([0, ...asked.slice(0, -1).map(([, end]) => end)]);
  expect(asked.at(-1)![1]).toBe(COLUMNS);
});
