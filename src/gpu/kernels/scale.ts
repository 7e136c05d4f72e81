import softcap from '../../../shaders/preludes/softcap.wgsl?raw';
import source from '../../../shaders/scale.wgsl?raw';
import { normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** x = x · factor, bounded by a softcap where that is not 0: a model's multipliers of embeddings and logits. */
export const scale = defineKernel({
  name: 'scale',
  wgsl: softcap + source,
  params: { n: 'u32', factor: 'f32', softcap: 'f32' },
  bindings: { x: 'read_write f32' },
  workgroups: ({ n }) => grid(n),
  reference: ({ factor, softcap }, { x }) => ({ x: x.map((v) => softcapped(v * factor, softcap)) }),
  tolerance: () => ({ atol: 1e-7, rtol: 1e-6 }),
  cases: () => [scaleCase(0.125, 0), scaleCase(1, 30), scaleCase(7.5, 5)],
});

function scaleCase(factor: number, softcap: number) {
  const x = normals(1001, 1).map((v) => 4 * v);
  x.set([0, 1e-4, 9, -9, 30, -2000]);
  return {
    name: `factor ${factor} · softcap ${softcap}`,
    params: { n: 1001, factor, softcap },
    arrays: { x },
  };
}

/** softcap · tanh(value / softcap), or the value itself where softcap is 0 (Gemma 2; transformers modeling_gemma2.py). */
export const softcapped = (value: number, softcap: number): number =>
  softcap === 0 ? value : softcap * Math.tanh(value / softcap);
