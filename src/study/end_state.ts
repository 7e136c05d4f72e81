import type { ErrorCode } from '../errors.ts';
import type { RunState } from './result.ts';

const STATES: Partial<Record<ErrorCode, RunState>> = {
  cancelled: 'cancelled',
  // The run did nothing wrong: it waits for a GPU, or for what computed it to be started again.
  'gpu-gone': 'paused',
  interrupted: 'paused',
};

/** The state of a run that ended early, by the failure that ended it. */
export const endState = (code: ErrorCode): RunState => STATES[code] ?? 'failed';
