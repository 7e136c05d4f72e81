import source from '../../../shaders/tile.wgsl?raw';
import { grid } from '../device/kernel.ts';
import type { Form } from './matmul.ts';

/** Four rows of the weight and eight tokens an invocation, which decodes a weight once for eight products. */
export const TILE: Form = {
  name: 'tile',
  source,
  workgroups: ({ M, N }) => [grid(Math.ceil(N / 4))[0], Math.ceil(M / 8)],
};
