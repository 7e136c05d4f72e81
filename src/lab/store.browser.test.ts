import { deleteDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import saved from '../../test/fixtures/run.json';
import { rowsOf } from '../../test/fixtures/run_rows.ts';
import type { ExperimentResult } from '../study/result.ts';
import { beginRun } from './owned_run.ts';
import { ownedRuns, ownRun } from './ownership.ts';
import { onChange } from './run_changes.ts';
import { browserStore } from './store.ts';

const result = saved as unknown as ExperimentResult;
const { record, items } = rowsOf(result);

/** The database as another version of the page has it open, which knows nothing of newer ones. */
function openRaw(
  version: number,
  upgrade: (db: IDBDatabase) => void = () => undefined,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('nibble', version);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

/** The stores as version 1 made them. */
const firstVersion = () =>
  openRaw(1, (db) => {
    db.createObjectStore('runs', { keyPath: 'id' });
    db.createObjectStore('items', { keyPath: ['run_id', 'config', 'task', 'doc_id'] });
  });

const fail = (message: string) => ({ code: message });
const forget = () => deleteDB('nibble');
beforeEach(forget);
afterEach(forget);

describe('the database', () => {
  it('of the first version opens with what it holds, and says what that is', async () => {
    const old = await firstVersion();
    const tx = old.transaction(['runs', 'items'], 'readwrite');
    for (const id of ['whole', 'holes', 'shared-1']) {
      tx.objectStore('runs').put({ ...record, id });
      const rows = id === 'holes' ? items.slice(0, -1) : items;
      for (const row of rows) tx.objectStore('items').put({ ...row, run_id: id });
    }
    await new Promise((resolve) => (tx.oncomplete = resolve));
    old.close();
    const store = browserStore();
    expect(await store.get('whole')).toEqual({ ...record, id: 'whole' });
    expect(await store.get('holes')).toMatchObject({ state: 'incomplete' });
    expect(await store.get('shared-1')).toMatchObject({ state: 'done', foreign: true });
    expect(await store.count('holes')).toBe(items.length - 1);
  });

  it('waits for no tab that holds an older one: it says so, and opens once that is closed', async () => {
    const old = await firstVersion();
    const store = browserStore();
    await expect(store.list()).rejects.toMatchObject(fail('storage-blocked'));
    old.close();
    expect(await store.list()).toEqual([]);
  });

  it('makes room for a newer one, and says that there is one', async () => {
    const store = browserStore();
    await store.add(record);
    const newer = await openRaw(99);
    newer.close();
    await expect(store.list()).rejects.toMatchObject(fail('storage-newer'));
    await expect(browserStore().list()).rejects.toMatchObject(fail('storage-newer'));
  });

  it('opens again after it was closed by others', async () => {
    const store = browserStore();
    await store.add(record);
    await forget();
    expect(await store.list()).toEqual([]);
  });
});

describe('the store', () => {
  it('adds a run with all of its items or not at all', async () => {
    const store = browserStore();
    const heard: number[] = [];
    await store.add(record, items, (n) => heard.push(n));
    expect(heard.at(-1)).toBe(items.length);
    expect(await store.items('a')).toHaveLength(items.length);

    const other = items.map((row) => ({ ...row, run_id: 'b' }));
    const unfit = [...other, { ...other[0]!, doc_id: 999, item: (() => 0) as never }];
    await expect(store.add({ ...record, id: 'b' }, unfit)).rejects.toThrow();
    expect(await store.get('b')).toBeUndefined();
    expect(await store.count('b')).toBe(0);

    // A record that is there is not written over.
    await expect(store.add({ ...record, state: 'failed' }, [])).rejects.toMatchObject(fail('storage'));
    expect(await store.get('a')).toMatchObject({ state: 'done' });
  });

  it('changes a record by what is stored, whoever else changes it', async () => {
    const [a, b] = [browserStore(), browserStore()];
    await a.add({ ...record, failures: {} });
    const failure = { code: 'internal', message: '', hint: '' } as const;
    await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
        (i % 2 ? a : b).change('a', (stored) => ({
          ...stored,
          failures: { ...stored.failures, [i]: failure },
        })),
      ),
    );
    expect(Object.keys((await a.get('a'))!.failures!)).toHaveLength(8);
  });

  it('refuses what comes too late, and writes nothing of it', async () => {
    const store = browserStore();
    const owned = await beginRun(store, 'a', result.spec);
    await store.change('a', (stored) => ({ ...stored, epoch: 'another' }));
    const { config, task, doc_id, item } = items[0]!;
    await expect(owned.commit({ config, task, doc_id, item })).rejects.toMatchObject(fail('run-elsewhere'));
    await expect(owned.change(() => ({ state: 'failed' }))).rejects.toMatchObject(fail('run-elsewhere'));
    await store.remove('a');
    await expect(owned.commit({ config, task, doc_id, item })).rejects.toMatchObject(fail('run-gone'));
    expect(await store.count('a')).toBe(0);
  });

  it('tells everybody else of a change', async () => {
    const heard = new Promise((resolve) => {
      const stop = onChange((id) => {
        stop();
        resolve(id);
      });
    });
    await browserStore().add(record);
    expect(await heard).toBe('a');
  });
});

it('a run has one owner at a time, and everybody can see that it has', async () => {
  let end: () => void = () => undefined;
  const work = ownRun('mine', () => new Promise<void>((resolve) => (end = resolve)));
  await expect.poll(ownedRuns).toContain('mine');
  await expect(ownRun('mine', () => Promise.resolve())).rejects.toMatchObject(fail('run-elsewhere'));
  expect(await ownRun('another', () => Promise.resolve(1))).toBe(1);
  end();
  await work;
  expect(await ownRun('mine', () => Promise.resolve(2))).toBe(2);
});
