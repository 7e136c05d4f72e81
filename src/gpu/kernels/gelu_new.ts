import source from '../../../shaders/gelu_new.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** GPT-2's activation, the tanh form of GELU (Hendrycks & Gimpel 2016; transformers NewGELUActivation). */
export const gelu_new = defineKernel({
  name: 'gelu_new',
  wgsl: source,
  params: { n: 'u32' },
  bindings: { x: 'read f32', y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: (_, { x }) => ({
    y: x.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))),
  }),
  tolerance: () => ({ atol: 1e-6, rtol: 1e-5 }),
  cases: () => {
    const x = normals(1001, 1);
    x.set([-30, -10, -5, 0, 5, 30]);
    return [{ name: 'n 1001', params: { n: 1001 }, arrays: { x, y: floats(1001) } }];
  },
});
