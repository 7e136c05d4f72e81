import { LabError } from '../errors.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import type { Shard } from '../study/shard.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import type { Store } from './store.ts';

/** A stored run in the hands of the one who goes on with it. */
export interface OwnedRun {
  /** The record as it was last written. */
  readonly record: RunRecord;
  /** Changes the stored record; throws run-gone or run-elsewhere once this is not its owner any more. */
  change(change: (record: RunRecord) => Partial<RunRecord>): Promise<void>;
  /** Stores an answer; throws likewise. */
  commit(item: Omit<StoredItem, 'run_id'>): Promise<void>;
}

/** Stores a new run of a spec or a share of it, owned by whoever began it. */
export async function beginRun(
  store: Store,
  id: string,
  spec: ExperimentSpec,
  shard?: Shard,
): Promise<OwnedRun> {
  const epoch = crypto.randomUUID();
  const created = new Date().toISOString();
  const own = shard && { shard };
  const record: RunRecord = { id, spec, ...own, state: 'running', created, configs: {}, epoch };
  await store.add(record);
  return ownedRun(store, record, epoch);
}

/** Takes a stored run over to go on with it; who had it before can write no more. */
export async function takeRun(store: Store, id: string): Promise<OwnedRun> {
  const epoch = crypto.randomUUID();
  const record = await store.change(id, (before) => {
    if (before.foreign) {
      throw new LabError(
        'run-elsewhere',
        'This run was measured elsewhere: it can be read, not gone on with.',
      );
    }
    return { ...before, state: 'running', failure: undefined, epoch };
  });
  return ownedRun(store, record, epoch);
}

function ownedRun(store: Store, begun: RunRecord, epoch: string): OwnedRun {
  let record = begun;
  return {
    get record() {
      return record;
    },
    async change(change) {
      record = await store.change(begun.id, (stored) => ({ ...stored, ...change(stored) }), epoch);
    },
    commit: (item) => store.commit({ run_id: begun.id, ...item }, epoch),
  };
}
