import type { Failure } from '../../errors.ts';
import { endState } from '../../study/end_state.ts';
import { whenFree } from '../ownership.ts';
import { store } from './kept.ts';

/** Writes down how a run ended whose worker could not do so itself, once that worker has let go of it. */
export const markEnded = (run_id: string, failure: Failure): Promise<unknown> =>
  whenFree(run_id, () =>
    store.change(run_id, (record) =>
      record.state === 'running' || record.state === 'paused'
        ? { ...record, state: endState(failure.code), failure }
        : record,
    ),
  );
