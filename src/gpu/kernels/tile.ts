import source from '../../../shaders/tile.wgsl?raw';
import type { Form } from './matmul.ts';

/** Sixteen rows of the weight and eight tokens an invocation, eight invocations a workgroup. */
export const TILE: Form = {
  name: 'tile',
  source,
  reads: 'alone',
  workgroups: ({ M, N }) => [Math.ceil(N / 128), Math.ceil(M / 8)],
};
