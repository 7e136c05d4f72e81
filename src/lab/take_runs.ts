import { assembleResult } from '../study/assemble.ts';
import { hashText } from '../study/digest.ts';
import type { ForeignRun } from '../study/parse_result.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import { canonicalJson } from '../study/spec.ts';
import { mergeParts, type Part } from './merge.ts';
import type { Store } from './store.ts';

/**
 * Stores runs from elsewhere, each of them whole or not at all, and merges those that are parts with what is there of
 * their runs. `onProgress` hears how many answers are stored.
 * @throws bad-data where two parts do not go together; all are stored then, and not merged.
 */
export async function takeRuns(
  store: Store,
  runs: readonly ForeignRun[],
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const total = runs.reduce((sum, { items }) => sum + items.length, 0);
  let before = 0;
  onProgress(0, total);
  const parts = new Map<string, RunRecord>();
  for (const { record, items, result } of runs) {
    const told = (written: number) => onProgress(before + written, total);
    const cut = cutOf(record);
    if (cut === undefined) await store.add(record, items, told);
    else {
      const id = partId(record, result.digest);
      await store.replace({ ...record, id }, withId(items, id), told);
      parts.set(cut, record);
    }
    before += items.length;
  }
  for (const part of parts.values()) await mergeStored(store, part);
}

const withId = (items: readonly StoredItem[], run_id: string): StoredItem[] =>
  items.map((item) => ({ ...item, run_id }));

/**
 * Merges every stored part of the run that a part belongs to, in place of what was merged of it before: a class's
 * results may come one by one. The same part twice counts once.
 * @throws bad-data where two parts do not go together.
 */
async function mergeStored(store: Store, part: RunRecord): Promise<void> {
  const cut = cutOf(part);
  if (cut === undefined) return;
  const parts = new Map<string, Part>();
  for (const record of await store.list()) {
    if (cutOf(record) !== cut || record.state === 'running' || record.state === 'paused') continue;
    const items = await store.items(record.id);
    const result = assembleResult(record, items);
    if (!result) continue;
    const { index, of } = record.shard!;
    const name = `Part ${index + 1} of ${of}, begun ${record.created}`;
    parts.set(`${index} ${result.digest}`, { name, run: { record, items, result } });
  }
  if (parts.size === 0) return;
  const { record, items } = mergeParts(part.spec, [...parts.values()], { partial: true, mixed: true });
  const id = `merged-${hashText(cut).slice(0, 16)}`;
  await store.replace({ ...record, id, foreign: true }, withId(items, id));
}

/** The id of a part from elsewhere: the same file once more is the same part. */
const partId = (record: RunRecord, digest: string): string =>
  `part-${hashText(`${cutOf(record)} ${record.shard!.index} ${digest}`).slice(0, 16)}`;

/** What parts of one run have in common; undefined for a run that is whole. */
const cutOf = ({ spec, shard }: RunRecord): string | undefined =>
  shard && canonicalJson({ spec, of: shard.of, mixed: shard.mixed ?? false });
