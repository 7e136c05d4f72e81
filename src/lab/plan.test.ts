import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/fixtures/memory_files.ts';
import { hashText } from '../study/digest.ts';
import { hashItems, planItems } from './plan.ts';
import { parseSpec, type ExperimentSpec } from '../study/spec.ts';

const TEXTS = ['one', 'two', 'three', 'four'].map((text) => JSON.stringify({ text })).join('\n');

const specOf = (tasks: object[], seed = 7): ExperimentSpec =>
  parseSpec({
    version: 1,
    model: { source: 'bundled', name: 'nibble-tiny' },
    configs: [{ quant_type: 'none' }],
    tasks,
    seed,
  });

const plan = (tasks: object[], seed?: number, texts = TEXTS) =>
  planItems(specOf(tasks, seed), [
    { ...memoryFiles({ 'mini_text.jsonl': texts, 'my/text.txt': 'All of it.' }), source: 'folder' },
  ]);

describe('the plan of a spec', () => {
  it('has the items of every task, and the SHA-256 of the files they were read from', async () => {
    const { items, data } = await plan([{ task: 'mini_text', doc_ids: [2, 0] }]);
    expect(items.map(({ doc_id, doc }) => [doc_id, 'text' in doc && doc.text])).toEqual([
      [2, 'three'],
      [0, 'one'],
    ]);
    expect(data).toEqual({
      mini_text: [{ file: 'mini_text.jsonl', source: 'folder', sha256: hashText(TEXTS) }],
    });
  });

  it('reads a text of the user by its path', async () => {
    const { items, data } = await plan([{ task: 'text', file: 'my/text.txt' }]);
    expect(items).toMatchObject([{ task: 'text', doc_id: 0, doc: { text: 'All of it.' } }]);
    expect(data.text![0]!.file).toBe('my/text.txt');
  });

  it('is the same for the same seed, and begins as a longer one does', async () => {
    const ids = async (limit: number, seed: number) =>
      (await plan([{ task: 'mini_text', limit }], seed)).items.map(({ doc_id }) => doc_id);
    expect(await ids(3, 1)).toEqual(await ids(3, 1));
    expect((await ids(4, 1)).slice(0, 2)).toEqual(await ids(2, 1));
    const orders = await Promise.all([1, 2, 3, 4, 5].map((seed) => ids(4, seed)));
    expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
  });
});

describe('the hash of what is asked', () => {
  it('does not depend on the order of asking', async () => {
    const { items, items_sha256 } = await plan([{ task: 'mini_text', limit: 4 }]);
    expect(hashItems([...items].reverse())).toBe(items_sha256);
    expect((await plan([{ task: 'mini_text', limit: 4 }], 8)).items_sha256).toBe(items_sha256);
  });

  it('is another where an item, its number or its text is another', async () => {
    const of = async (doc_ids: number[], texts?: string) =>
      (await plan([{ task: 'mini_text', doc_ids }], 7, texts)).items_sha256;
    const hashes = [
      await of([0, 1]),
      await of([0, 2]),
      await of([0]),
      await of([0, 1], TEXTS.replace('two', 'too')),
      await of([0, 1], TEXTS.replace('two', 'three')),
    ];
    expect(new Set(hashes).size).toBe(5);
  });

  it('by hand: a line of task, number and prompt for each', async () => {
    const { items_sha256 } = await plan([{ task: 'mini_text', doc_ids: [1] }]);
    expect(items_sha256).toBe(hashText(`mini_text 1 ${hashText('two')}\n`));
  });
});
