import type { Failure } from '../errors.ts';
import type { ItemResult } from '../eval/item.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { OutlierColumns } from '../model/outliers.ts';
import type { Footprint } from '../model/footprint.ts';
import type { Environment, RunState, Timings } from './result.ts';
import type { ExperimentSpec } from './spec.ts';

/** A run as it is kept: everything but its items, which are rows of their own. */
export interface RunRecord {
  id: string;
  spec: ExperimentSpec;
  state: RunState;
  /** ISO 8601. */
  created: string;
  environment?: Environment | undefined;
  /** By config; a config that was not loaded yet has none. */
  configs: Record<number, { footprint: Footprint; timings: Timings; outliers?: OutlierColumns[] }>;
  failure?: Failure | undefined;
  /** By config: why it has not all of its answers. */
  failures?: Record<number, Failure>;
  /** Of a run from elsewhere whose digest was not the one of its answers; missing where it was, or none was given. */
  digest_fits?: false;
}

/** One answered item of a run. */
export interface StoredItem {
  run_id: string;
  /** Index into the spec's configs. */
  config: number;
  task: TaskName;
  doc_id: number;
  item: ItemResult;
}
