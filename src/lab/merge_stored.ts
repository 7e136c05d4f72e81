import { assembleResult } from '../study/assemble.ts';
import { hashText } from '../study/digest.ts';
import type { RunRecord } from '../study/record.ts';
import { canonicalJson } from '../study/spec.ts';
import { mergeParts, type Part } from './merge.ts';
import type { Store } from './store.ts';

/**
 * Merges every stored part of the run that a part belongs to, in place of what was merged of it before: a class's
 * results may come one by one. The same part twice counts once.
 * @throws bad-data where two parts do not go together.
 */
export async function mergeStored(store: Store, part: RunRecord): Promise<void> {
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
  await store.remove(id);
  await store.add(
    { ...record, id, foreign: true },
    items.map((item) => ({ ...item, run_id: id })),
  );
}

/** What parts of one run have in common; undefined for a run that is whole. */
const cutOf = ({ spec, shard }: RunRecord): string | undefined =>
  shard && canonicalJson({ spec, of: shard.of, mixed: shard.mixed ?? false });
