import source from '../../../shaders/add.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

const ADD = { n: 'u32', factor: 'f32' } as const;

/** x += factor · y, the residual stream. */
export const add = defineKernel({
  name: 'add',
  wgsl: source,
  params: ADD,
  bindings: { x: 'read_write f32', y: 'read f32' },
  workgroups: ({ n }) => grid(n),
  reference: ({ factor }, { x, y }) => ({ x: x.map((v, i) => v + factor * y[i]!) }),
  // A product may be rounded before it is added; one by 1 has nothing to round.
  tolerance: ({ factor }) => (factor === 1 ? { atol: 0, rtol: 0 } : { atol: 1e-6, rtol: 1e-6 }),
  cases: () => [addCase(1), addCase(0.22)],
  traffic: elementTraffic<typeof ADD>({
    elements: ({ n }) => n,
    element: (_, i) => [
      ['x', i],
      ['y', i],
    ],
    flops: () => 2,
    instructions: () => 8,
  }),
});

const addCase = (factor: number) => ({
  name: `n 1001 · factor ${factor}`,
  params: { n: 1001, factor },
  arrays: { x: normals(1001, 1), y: normals(1001, 2) },
});
