import source from '../../../shaders/tile.wgsl?raw';
import { grid } from '../device/kernel.ts';
import type { Form } from './matmul.ts';

const ROWS = 16;
const TOKENS = 8;
const LANES = 8;

/** Sixteen rows of the weight and eight tokens an invocation, eight invocations a workgroup. */
export const TILE: Form = {
  name: 'tile',
  source,
  reads: 'alone',
  workgroups: ({ M, N }) => grid(Math.ceil(N / ROWS) * Math.ceil(M / TOKENS), LANES),
};
