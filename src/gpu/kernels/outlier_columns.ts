import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import source from '../../../shaders/outlier_columns.wgsl?raw';
import { quantizeActivations } from '../../quant/llm_int8.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { maskWords } from '../device/limits.ts';
import { activations } from './llm_int8_case.ts';

/** A list of columns as a mask, and back. */
export function columnMask(columns: readonly number[], K: number): Uint32Array<ArrayBuffer> {
  const mask = new Uint32Array(maskWords(K));
  for (const k of columns) mask[k >> 5]! |= 1 << (k & 31);
  return mask;
}

/** The columns of LLM.int8()'s float path, as bits, found without a read-back. */
export const outlier_columns = defineKernel({
  name: 'outlier_columns',
  wgsl: float16 + source,
  params: { M: 'u32', K: 'u32', threshold: 'f32' },
  bindings: { x: 'read f32', mask: 'write u32', seen: 'read_write u32' },
  workgroups: ({ K }) => grid(maskWords(K)),
  reference: ({ M, K, threshold }, { x, seen }) => {
    const { outlier_cols } = quantizeActivations({ shape: [M, K], data: x }, threshold);
    const mask = columnMask(outlier_cols, K);
    return { mask, seen: seen.map((bits, i) => bits | mask[i]!) };
  },
  tolerance: 'exact',
  cases: () =>
    [
      [7, 100, 2],
      [1, 33, 6],
      [3, 2049, 6],
    ].map(([M, K, threshold]) => ({
      name: `${M} × ${K} · threshold ${threshold}`,
      params: { M: M!, K: K!, threshold: threshold! },
      arrays: {
        x: activations(M!, K!, threshold!),
        mask: new Uint32Array(maskWords(K!)),
        seen: columnMask([1, 17], K!),
      },
    })),
});
