import source from '../../../shaders/rms_norm.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** y[t] = x[t] / sqrt(mean(x[t]²) + eps) · weight (Zhang & Sennrich 2019; transformers LlamaRMSNorm). */
export const rms_norm = defineKernel({
  name: 'rms_norm',
  wgsl: source,
  params: { T: 'u32', width: 'u32', eps: 'f32' },
  bindings: { x: 'read f32', weight: 'read f32', y: 'write f32' },
  workgroups: ({ T }) => grid(T),
  reference: ({ T, width, eps }, { x, weight }) => {
    const y = floats(T * width);
    for (let t = 0; t < T; t++) {
      const row = x.subarray(t * width, (t + 1) * width);
      const mean = row.reduce((sum, v) => sum + v * v, 0) / width;
      const scale = 1 / Math.sqrt(mean + eps);
      row.forEach((v, i) => (y[t * width + i] = v * scale * weight[i]!));
    }
    return { y };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-5 }),
  cases: () => [rmsCase(1, 64, 1e-5), rmsCase(67, 37, 1e-6), rmsCase(3, 576, 1e-5)],
});

function rmsCase(T: number, width: number, eps: number) {
  return {
    name: `${T} × ${width}`,
    params: { T, width, eps },
    arrays: { x: normals(T * width, T), weight: normals(width, 2), y: floats(T * width) },
  };
}
