import { expect, it } from 'vitest';
import { exitStatus } from './exit_status.ts';

it.each(['bad-arguments', 'bad-spec', 'bad-link', 'missing-file', 'truncated-file', 'bad-data'] as const)(
  'is 2 for bad input: %s',
  (code) => expect(exitStatus(code)).toBe(2),
);

it.each(['no-webgpu', 'device-lost', 'kernel-mismatch', 'network', 'cancelled', 'internal'] as const)(
  'is 1 for a run that failed: %s',
  (code) => expect(exitStatus(code)).toBe(1),
);
