import type { ErrorCode } from '../errors.ts';

/** Failures of the measurement; all others lie in the input. */
const RUN_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'no-webgpu',
  'no-adapter',
  'out-of-memory',
  'over-limit',
  'device-lost',
  'gpu-gone',
  'non-finite-score',
  'kernel-mismatch',
  'network',
  'storage',
  'storage-full',
  'storage-blocked',
  'storage-newer',
  'run-elsewhere',
  'run-gone',
  'no-browser',
  'interrupted',
  'cancelled',
  'internal',
]);

/** Exit status of a command that failed: 1 where the machine or the lab did, 2 for bad input. */
export const exitStatus = (code: ErrorCode): 1 | 2 => (RUN_FAILURES.has(code) ? 1 : 2);
