import source from '../../../shaders/silu_mul.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** y = silu(gate) · up, the gated activation of a Llama MLP (Shazeer 2020, SwiGLU). */
export const silu_mul = defineKernel({
  name: 'silu_mul',
  wgsl: source,
  params: { n: 'u32' },
  bindings: { gate: 'read f32', up: 'read f32', y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: (_, { gate, up }) => ({ y: gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!) }),
  tolerance: () => ({ atol: 1e-6, rtol: 1e-5 }),
  cases: () => {
    const gate = normals(1001, 1);
    gate.set([-200, -90, 200, 0]);
    return [{ name: 'n 1001', params: { n: 1001 }, arrays: { gate, up: normals(1001, 2), y: floats(1001) } }];
  },
});
