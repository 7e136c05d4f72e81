import { expect, it } from 'vitest';
import { readAhead, type Piece, type ReadRows } from './read_ahead.ts';

const pieces: Piece[] = ['a', 'b', 'c', 'd'].map((name, i) => ({
  name,
  first_row: 0,
  end_row: 1,
  bytes: 4 + i,
}));

/** A file of one-row tensors, each of its own letter, that remembers the rooms it read to. */
function file() {
  const rooms = new Set<ArrayBuffer>();
  const asked: string[] = [];
  const read: ReadRows = (name, _first, _end, room) => {
    asked.push(name);
    if (room) rooms.add(room.buffer);
    const { bytes } = pieces.find((piece) => piece.name === name)!;
    const target = room?.subarray(0, bytes) ?? new Uint8Array(bytes);
    return Promise.resolve(target.fill(name.charCodeAt(0)));
  };
  return { rooms, asked, read };
}

it('reads the next piece while one is used, and has two of them in memory', async () => {
  const source = file();
  const ahead = readAhead(pieces, source.read);
  for (const [i, { name, bytes }] of pieces.entries()) {
    const got = await ahead.read(name, 0, 1);
    expect(source.asked).toEqual(pieces.slice(0, i + 2).map((piece) => piece.name));
    // Nothing overwrites it before the next is asked for.
    await new Promise((resolve) => setTimeout(resolve));
    expect([...got]).toEqual(new Array(bytes).fill(name.charCodeAt(0)));
  }
  expect(source.rooms.size).toBe(2);
  expect([...source.rooms].map(({ byteLength }) => byteLength)).toEqual([7, 7]);
});

it('reads what is out of order by itself, and loses nothing of what was read ahead', async () => {
  const source = file();
  const ahead = readAhead(pieces, source.read);
  await ahead.read('a', 0, 1);
  const other = await ahead.read('d', 0, 1);
  expect(source.rooms.has(other.buffer)).toBe(false);
  expect([...(await ahead.read('b', 0, 1))]).toEqual([98, 98, 98, 98, 98]);
  expect(source.asked).toEqual(['a', 'b', 'd', 'c']);
});

it('tells of a failure where the piece is asked for, and ends when nothing is read any more', async () => {
  let fail = () => {};
  const ahead = readAhead(pieces, (name) =>
    name === 'a'
      ? Promise.resolve(new Uint8Array(4))
      : new Promise((_, reject) => (fail = () => reject(new Error(`${name} is gone`)))),
  );
  await ahead.read('a', 0, 1);
  let ended = false;
  const ending = ahead.end().then(() => (ended = true));
  await new Promise((resolve) => setTimeout(resolve));
  expect(ended).toBe(false);
  fail();
  await ending;

  const failing = readAhead(pieces.slice(0, 2), (name) =>
    name === 'a' ? Promise.resolve(new Uint8Array(4)) : Promise.reject(new Error(`${name} is gone`)),
  );
  await failing.read('a', 0, 1);
  await expect(failing.read('b', 0, 1)).rejects.toThrow('b is gone');
});
