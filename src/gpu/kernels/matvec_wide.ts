import source from '../../../shaders/matvec_wide.wgsl?raw';
import type { Form } from './matmul.ts';

/** Rows of the weight that a workgroup multiplies. */
const ROWS = 8;

/** Sixteen lanes a row, which read side by side: for the few tokens of a decoding step on a GPU. */
export const MATVEC_WIDE: Form = {
  name: 'matvec_wide',
  source,
  workgroups: ({ M, N }) => [Math.ceil(N / ROWS), M],
};
