import source from '../../../shaders/matvec.wgsl?raw';
import { grid } from '../device/kernel.ts';
import type { MatvecForm } from './matvec_kernel.ts';

/** One row of the weight and one token an invocation, for the few tokens of a decoding step. */
export const MATVEC: MatvecForm = {
  name: 'matvec',
  source,
  normalizes: false,
  reads: 'alone',
  workgroups: ({ M, N }) => [grid(N)[0], M],
};
