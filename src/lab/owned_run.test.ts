import { expect, it } from 'vitest';
import { savedRun } from '../../test/fixtures/run_events.ts';
import { rowsOf } from '../../test/fixtures/run_rows.ts';
import { secondRecord } from './migrations.ts';
import { beginRun, takeRun } from './owned_run.ts';
import { memoryStore } from './store.ts';

const saved = await savedRun();
const { record, items } = rowsOf(saved);
const [first] = items;
const { config, task, doc_id, item } = first!;
const answer = { config, task, doc_id, item };

it('an owner’s change leaves what others changed meanwhile', async () => {
  const store = memoryStore();
  const owned = await beginRun(store, 'r', saved.spec);
  await store.change('r', (stored) => ({ ...stored, spec: { ...stored.spec, title: 'Renamed' } }));
  await owned.change(() => ({ state: 'done' }));
  expect(await store.get('r')).toMatchObject({ state: 'done', spec: { title: 'Renamed' } });
});

it('who had a run before writes no more once another one goes on with it', async () => {
  const store = memoryStore();
  const before = await beginRun(store, 'r', saved.spec);
  await before.commit(answer);
  const after = await takeRun(store, 'r');
  const late = { code: 'run-elsewhere' };
  await expect(before.commit(answer)).rejects.toMatchObject(late);
  await expect(before.change(() => ({ state: 'failed' }))).rejects.toMatchObject(late);
  await after.change(() => ({ state: 'done' }));
  expect(await store.get('r')).toMatchObject({ state: 'done' });
});

it('a deleted run is not written again', async () => {
  const store = memoryStore();
  const owned = await beginRun(store, 'r', saved.spec);
  await store.remove('r');
  const gone = { code: 'run-gone' };
  await expect(owned.commit(answer)).rejects.toMatchObject(gone);
  await expect(owned.change(() => ({ state: 'done' }))).rejects.toMatchObject(gone);
  await expect(takeRun(store, 'r')).rejects.toMatchObject(gone);
  expect(await store.list()).toEqual([]);
  expect(await store.count('r')).toBe(0);
});

it('a run from elsewhere is not gone on with', async () => {
  const store = memoryStore();
  await store.add({ ...record, id: 'r', foreign: true });
  await expect(takeRun(store, 'r')).rejects.toMatchObject({ code: 'run-elsewhere' });
});

it('records of the first version are brought up to date', () => {
  expect(secondRecord(record, items)).toEqual(record);
  const lost = items.filter((row) => row.config !== 1);
  expect(secondRecord(record, lost).state).toBe('incomplete');
  expect(secondRecord(record, []).state).toBe('incomplete');
  expect(secondRecord({ ...record, state: 'running' }, lost).state).toBe('running');
  expect(secondRecord({ ...record, id: 'shared-1' }, items).foreign).toBe(true);
});
