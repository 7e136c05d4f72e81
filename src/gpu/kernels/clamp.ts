import source from '../../../shaders/clamp.wgsl?raw';
import { normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** n values from `first` on, none larger than `most` or smaller than its negative (clip_qkv of OLMo 1). */
export const clamp = defineKernel({
  name: 'clamp',
  wgsl: source,
  params: { n: 'u32', first: 'u32', most: 'f32' },
  bindings: { y: 'read_write f32' },
  workgroups: ({ n }) => grid(n),
  reference: ({ n, first, most }, { y }) => {
    const cut = (v: number) => Math.min(Math.max(v, -most), most);
    return { y: y.map((v, i) => (i < first || i >= first + n ? v : cut(v))) };
  },
  tolerance: 'exact',
  cases: () => [
    { name: 'n 999 from 20', params: { n: 999, first: 20, most: 0.5 }, arrays: { y: normals(1030, 1) } },
  ],
});
