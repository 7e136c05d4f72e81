import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHub, type FakeHub } from '../../test/fixtures/fake_hub.ts';
import { hashBytes } from '../study/digest.ts';
import { memoryShelf } from './copy/memory_shelf.ts';
import { opfsShelf } from './copy/opfs_shelf.ts';
import type { Shelf } from './copy/shelf.ts';
import { openHub, type Hub } from './hub.ts';

const COMMIT = 'ab'.repeat(20);
const REF = { kind: 'models', repo: 'somebody/tiny', revision: 'main' } as const;
const noise = (n: number, salt: number) => Uint8Array.from({ length: n }, (_, i) => (i * i + salt) % 251);
const FILES = {
  'config.json': noise(600, 1),
  'model-1.safetensors': noise(30_000, 2),
  'model-2.safetensors': noise(20_000, 3),
};

let server: FakeHub;
let said: string[];
const hubWith = (shelf: Shelf): Hub => ({
  endpoint: server.endpoint,
  shelf,
  say: (note) => said.push(note),
});
beforeEach(async () => {
  said = [];
  server = await fakeHub({ [REF.repo]: { branches: { main: COMMIT }, files: FILES } });
});
afterEach(() => server.close());

describe('what is said before a download', () => {
  it('is that this browser keeps nothing, once weights are asked for, and once', async () => {
    // Node has no file system of an origin.
    const { files } = await openHub(hubWith(await opfsShelf()), REF);
    await files.open('config.json');
    expect(said).toEqual([]);
    await Promise.all([files.open('model-1.safetensors'), files.open('model-2.safetensors')]);
    expect(said).toEqual([
      'This browser keeps no files for this page: what is downloaded is there for this visit alone.',
    ]);
  });

  it('is that the weights would not fit, which are then there for this visit', async () => {
    const asked: number[] = [];
    const kept: string[] = [];
    const small: Shelf = {
      ...memoryShelf(),
      lackOfSpace(_, files) {
        asked.push(files.reduce((sum, { bytes }) => sum + bytes, 0));
        return Promise.resolve('There is no room.');
      },
      copyOf(repository, file, ...rest) {
        kept.push(file.name);
        return memoryShelf().copyOf(repository, file, ...rest);
      },
    };
    const { files } = await openHub(hubWith(small), REF);
    await files.open('config.json');
    const source = await files.open('model-2.safetensors');
    expect(source.sha256).toBe(hashBytes(FILES['model-2.safetensors']));
    // All shards count, before the first of them comes.
    expect(asked).toEqual([50_000]);
    expect(kept).toEqual(['config.json']);
    expect(said).toEqual(['somebody/tiny is downloaded for this visit alone. There is no room.']);
  });

  it('is how far all files are together', async () => {
    const seen: [number, number][] = [];
    const { files } = await openHub(hubWith(memoryShelf()), REF, (done, total) => seen.push([done, total]));
    await Promise.all([files.open('model-1.safetensors'), files.open('model-2.safetensors')]);
    expect(seen.at(-1)).toEqual([50_000, 50_000]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  });
});

it('a file that fails takes those with it that came at the same time', async () => {
  server.fault = ({ name, range }, response) => {
    if (name === 'model-1.safetensors') {
      response.writeHead(404).end();
      return true;
    }
    if (name !== 'model-2.safetensors' || range![1] === 1) return false;
    // This one never ends by itself.
    response.writeHead(206, { 'Content-Range': 'bytes 0-19999/20000' }).write(FILES[name].subarray(0, 9));
    return true;
  };
  const { files } = await openHub(hubWith(memoryShelf()), REF);
  const [first, second] = await Promise.allSettled([
    files.open('model-1.safetensors'),
    files.open('model-2.safetensors'),
  ]);
  expect(first).toMatchObject({ reason: { code: 'missing-file' } });
  expect(second).toMatchObject({ reason: { code: 'cancelled' } });
});
