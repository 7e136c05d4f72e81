import type { Failure } from '../errors.ts';
import type { ItemResult } from '../eval/item.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { Footprint } from '../model/footprint.ts';
import type { ConfigRun, Environment, RunState, Timings } from './result.ts';
import type { Shard } from './shard.ts';
import type { ExperimentSpec } from './spec.ts';

/** A run as it is kept: everything but its items, which are rows of their own. */
export interface RunRecord {
  id: string;
  spec: ExperimentSpec;
  state: RunState;
  /** ISO 8601. */
  created: string;
  environment?: Environment | undefined;
  /** Items of each task that every configuration is asked, once they are known; older records do not say. */
  planned?: Partial<Record<TaskName, number>>;
  /** Of a run that answers a share of its spec: which. */
  shard?: Shard;
  /**
   * By config; a config that was not loaded yet has none. Its timings are summed over the items that say what they took;
   * what stands here is the sum when the run last ended, or what came along with a run whose items do not say.
   */
  configs: Record<
    number,
    { footprint: Footprint; timings: Timings } & Pick<ConfigRun, 'outliers' | 'errors' | 'peer'>
  >;
  failure?: Failure | undefined;
  /** By config: why it has not all of its answers. */
  failures?: Record<number, Failure>;
  /** Of a run that came in a file or a link: it can be read, but not gone on with. */
  foreign?: true;
  /** Of a run from elsewhere whose digest was not the one of its answers; missing where it was, or none was given. */
  digest_fits?: false;
  /** Who goes on with the run, drawn anew each time: a write that bears another one comes too late and is refused. */
  epoch?: string;
}

/** One answered item of a run. */
export interface StoredItem {
  run_id: string;
  /** Index into the spec's configs. */
  config: number;
  task: TaskName;
  doc_id: number;
  item: ItemResult;
  /** What it took; no part of the answer and its digest. Rows of older versions and from elsewhere have none. */
  spent?: Spent;
}

/** What an item took: seconds, without those spent on comparing it, and the tokens that went through the model. */
export interface Spent {
  seconds: number;
  tokens: number;
}
