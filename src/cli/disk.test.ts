import { mkdtempSync, truncateSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskFiles, diskSource } from './disk.ts';
import { diskScratch } from './disk_scratch.ts';

const folder = mkdtempSync(join(tmpdir(), 'nibble-disk-'));
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, ...bytes: number[]): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Uint8Array.from(bytes));
  return path;
}

describe('a file on disk', () => {
  it('is read in parts', async () => {
    const source = await diskSource(await written('a.bin', 1, 2, 3, 4, 5), 'a');
    expect([source.name, source.byteLength]).toEqual(['a', 5]);
    expect(await source.slice(1, 3)).toEqual(Uint8Array.of(2, 3));
    expect(await source.slice(5, 5)).toEqual(new Uint8Array());
  });

  it('that became shorter since is named, with where it ended', async () => {
    const path = await written('cut.bin', 1, 2, 3, 4, 5);
    const source = await diskSource(path);
    truncateSync(path, 3);
    await expect(source.slice(1, 5)).rejects.toMatchObject({
      code: 'truncated-file',
      message: `${path} ended at byte 3; 5 were expected.`,
    });
  });

  it.each(['nowhere.bin', ''])('that is none, %j, is refused', async (name) => {
    const path = join(folder, name);
    await expect(diskSource(path)).rejects.toMatchObject({
      code: 'missing-file',
      message: `${path} is not a file that can be read.`,
    });
  });
});

describe('a folder on disk', () => {
  it('has its files by their path below it', async () => {
    await written('set/config.json', 1);
    await written('set/ARC/test.parquet', 2, 3);
    const files = await diskFiles(join(folder, 'set'));
    expect(files.names).toEqual(expect.arrayContaining(['config.json', join('ARC', 'test.parquet')]));
    const source = await files.open(join('ARC', 'test.parquet'));
    expect([source.name, source.byteLength]).toEqual([join('ARC', 'test.parquet'), 2]);
  });

  it('that is none is refused', async () => {
    for (const path of [join(folder, 'nowhere'), await written('b.bin', 1)]) {
      await expect(diskFiles(path)).rejects.toMatchObject({
        code: 'missing-file',
        message: `${path} is not a folder that can be read.`,
      });
    }
  });
});

describe('scratch files', () => {
  it('are read from their beginning in the order they were written', async () => {
    const scratch = diskScratch();
    const file = await scratch.create('states');
    file.append(Uint8Array.of(1, 2));
    file.append(Uint8Array.of(3, 4, 5));
    file.close();
    const again = (await scratch.open('states'))!;
    expect(again.next(3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(again.next(2)).toEqual(Uint8Array.of(4, 5));
    expect(() => again.next(1)).toThrow(/states/);
    again.close();
    await scratch.clear();
  });

  it('are begun anew by create, and gone after remove or clear', async () => {
    const scratch = diskScratch();
    for (const byte of [1, 2]) {
      const file = await scratch.create('a');
      file.append(Uint8Array.of(byte));
      file.close();
    }
    const file = (await scratch.open('a'))!;
    expect(file.next(1)).toEqual(Uint8Array.of(2));
    file.close();
    await scratch.remove('a');
    await scratch.remove('never there');
    expect(await scratch.open('a')).toBeUndefined();
    (await scratch.create('b')).close();
    await scratch.clear();
    expect(await scratch.open('b')).toBeUndefined();
  });

  it('of two runs do not meet', async () => {
    const [a, b] = [diskScratch(), diskScratch()];
    (await a.create('x')).close();
    expect(await b.open('x')).toBeUndefined();
    await Promise.all([a.clear(), b.clear()]);
  });
});
