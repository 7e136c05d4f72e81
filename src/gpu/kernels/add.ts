import source from '../../../shaders/add.wgsl?raw';
import { normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** x += y, the residual stream. */
export const add = defineKernel({
  name: 'add',
  wgsl: source,
  params: { n: 'u32' },
  bindings: { x: 'read_write f32', y: 'read f32' },
  workgroups: ({ n }) => grid(n),
  reference: (_, { x, y }) => ({ x: x.map((v, i) => v + y[i]!) }),
  tolerance: 'exact',
  cases: () => [
    { name: 'n 1001', params: { n: 1001 }, arrays: { x: normals(1001, 1), y: normals(1001, 2) } },
  ],
});
