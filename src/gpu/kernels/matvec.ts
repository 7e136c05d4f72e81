import rows from '../../../shaders/preludes/four_rows.wgsl?raw';
import source from '../../../shaders/matvec.wgsl?raw';
import type { MatvecForm } from './matvec_kernel.ts';

/** Four rows of the weight and one token an invocation, for the few tokens of a decoding step. */
export const MATVEC: MatvecForm = {
  name: 'matvec',
  source: rows + source,
  normalizes: false,
  reads: 'alone',
  workgroups: ({ M, N }) => [Math.ceil(N / 32), M],
};
