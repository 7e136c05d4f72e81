import source from '../../../shaders/layer_norm.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/**
 * y[t] = (x[t] − mean) / sqrt(variance + eps) · weight + bias (Ba et al. 2016; torch LayerNorm); each of `heads` rows in
 * turn may have a weight and a bias of its own.
 */
export const layer_norm = defineKernel({
  name: 'layer_norm',
  wgsl: source,
  params: { T: 'u32', width: 'u32', eps: 'f32', heads: 'u32' },
  bindings: { x: 'read f32', weight: 'read f32', bias: 'read f32', y: 'write f32' },
  workgroups: ({ T }) => grid(T),
  reference: ({ T, width, eps, heads }, { x, weight, bias }) => {
    const y = floats(T * width);
    for (let t = 0; t < T; t++) {
      const row = x.subarray(t * width, (t + 1) * width);
      const mean = row.reduce((sum, v) => sum + v, 0) / width;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
      const scale = 1 / Math.sqrt(variance + eps);
      const own = (t % heads) * width;
      row.forEach((v, i) => (y[t * width + i] = (v - mean) * scale * weight[own + i]! + bias[own + i]!));
    }
    return { y };
  },
  tolerance: () => ({ atol: 2e-6, rtol: 1e-5 }),
  cases: () => [normCase(1, 64, 0), normCase(67, 37, 3), normCase(3, 768, -100), normCase(20, 12, 1, 5)],
});

function normCase(T: number, width: number, mean: number, heads = 1) {
  return {
    name: `${T} × ${width} around ${mean}${heads > 1 ? ` · ${heads} heads` : ''}`,
    params: { T, width, eps: 1e-5, heads },
    arrays: {
      x: normals(T * width, T).map((v) => v + mean * 0.01),
      weight: normals(heads * width, 2),
      bias: normals(heads * width, 3),
      y: floats(T * width),
    },
  };
}
