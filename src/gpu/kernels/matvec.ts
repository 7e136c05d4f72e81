import source from '../../../shaders/matvec.wgsl?raw';
import { grid } from '../device/kernel.ts';
import type { Form } from './matmul.ts';

/** One row of the weight and one token an invocation, for the few tokens of a decoding step. */
export const MATVEC: Form = {
  name: 'matvec',
  source,
  workgroups: ({ M, N }) => [grid(N)[0], M],
};
