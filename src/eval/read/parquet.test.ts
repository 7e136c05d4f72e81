import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memorySource, type ByteSource } from '../../tensor/source.ts';
import { loadDocs } from '../tasks/load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { readParquet } from './parquet.ts';
import type { Task } from '../tasks/task.ts';
import { TASKS } from '../tasks/tasks.ts';

const fixture = (name: string) => readFile(join(import.meta.dirname, '../../../test/fixtures/eval', name));

/** A source that writes down which bytes it was asked for. */
function watched(bytes: Uint8Array): ByteSource & { asked: [number, number][] } {
  const source = memorySource('watched', bytes);
  const asked: [number, number][] = [];
  return {
    ...source,
    asked,
    slice(begin, end) {
      asked.push([begin, end]);
      return source.slice(begin, end);
    },
  };
}

describe("the Hub's parquet gives the docs of the originals' files", () => {
  it.each<[Task, string, string, string, string]>([
    [TASKS.arc_easy, 'ARC/ARC-Easy-test.jsonl', 'arc.jsonl', 'ARC-Easy/test-00000-of-00001.parquet', 'arc'],
    [
      TASKS.coqa_official,
      'coqa-dev-v1.0.json',
      'coqa_domains.json',
      'coqa_validation.parquet',
      'coqa_domains',
    ],
    [TASKS.coqa, 'coqa-dev-v1.0.json', 'coqa_domains.json', 'coqa_validation.parquet', 'coqa_domains'],
    [TASKS.ag_news, 'test.csv', 'ag_news.csv', 'data/test-00000-of-00001.parquet', 'ag_news'],
    [TASKS.wikitext, 'wiki.test.raw', 'wiki.raw', 'wikitext-2-raw-v1/test-00000-of-00001.parquet', 'wiki'],
  ])('$name', async (task, path, name, hubPath, hubName) => {
    const original = await loadDocs(task, memoryFiles({ [path]: await fixture(name) }));
    const packed = await fixture(`${hubName}.parquet`);
    const { repo } = task.hub!;
    // The file by itself, in a folder copied from the Hub, and under the Hub's own name.
    for (const place of [hubPath, `${repo.split('/')[1]}/${hubPath}`, `${repo}/${hubPath}`]) {
      expect(await loadDocs(task, memoryFiles({ [place]: packed }))).toEqual(original);
    }
    expect(original.length).toBeGreaterThan(1);
  });
});

describe('readParquet', () => {
  it('reads the bytes of the columns that are asked for and of no other', async () => {
    const bytes = await fixture('large.parquet');
    const source = watched(bytes);
    const records = await readParquet({ path: 'large.parquet', source }, ['question', 'answerKey', 'none']);
    expect(records.map(({ value }) => value)).toEqual(
      (
        await readParquet({ path: 'arc.parquet', source: memorySource('', await fixture('arc.parquet')) }, [
          'question',
          'answerKey',
        ])
      ).map(({ value }) => value),
    );
    expect(records[7]!.where).toBe('large.parquet, row 7');
    // A column of 720,000 bytes lies between; the file's last half a megabyte is read at once, for its directory.
    expect(source.asked[0]).toEqual([bytes.length - 512 * 1024, bytes.length]);
    const before = source.asked.slice(1).reduce((sum, [begin, end]) => sum + end - begin, 0);
    expect(before).toBeLessThan(2000);
    expect(before).toBeGreaterThan(0);
  });

  it('gives whole numbers as numbers, in lists too', async () => {
    const file = { path: 'coqa.parquet', source: memorySource('', await fixture('coqa_domains.parquet')) };
    const [first] = await readParquet(file, ['questions']);
    expect(first!.value['questions']).toMatchObject({ turn_id: [1, 2, 3, 4] });
  });

  it.each(['zstd', 'gzip', 'brotli', 'lz4'])('reads what %s has packed', async (codec) => {
    const read = async (name: string) =>
      (
        await readParquet({ path: '', source: memorySource('', await fixture(name)) }, [
          'question',
          'choices',
        ])
      ).map(({ value }) => value);
    expect(await read(`arc_${codec}.parquet`)).toEqual(await read('arc.parquet'));
  });

  it.each([
    [
      'no parquet',
      new TextEncoder().encode('question,choice0\n'),
      /^x\.parquet: .*; allowed: a whole parquet file/,
    ],
    ['nothing', new Uint8Array(), /^x\.parquet: .*; allowed: a whole parquet file/],
  ])('refuses %s', async (_, bytes, message) => {
    const read = readParquet({ path: 'x.parquet', source: memorySource('', bytes) }, ['question']);
    await expect(read).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a file that is cut short', async () => {
    const bytes = (await fixture('arc.parquet')).subarray(0, 1000);
    const read = readParquet({ path: 'x.parquet', source: memorySource('', bytes) }, ['question']);
    await expect(read).rejects.toMatchObject({ code: 'bad-data' });
  });
});
