import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemm_float.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import type { QuantizableDtype } from '../../tensor/dtype.ts';
import { normals } from './cases.ts';
import { defineKernel } from '../device/kernel.ts';
import {
  MATMUL,
  biasesOf,
  MATMUL_SHAPE,
  MATMUL_SHAPES,
  gemmGrid,
  matmul,
  matmulTolerance,
  rowsOf,
  shapeName,
} from './matmul.ts';
import { DTYPE, decodeWords, encodeWords } from './stored.ts';
import { COMPUTE_NAMES } from './rounding.ts';

/** y = x · weightᵀ + bias for many tokens, the weight in float32, float16 or bfloat16 as the checkpoint stores it. */
export const gemm_float = defineKernel({
  name: 'gemm_float',
  wgsl: rounding + stored + source,
  params: { ...MATMUL_SHAPE, ...MATMUL, accumulate: 'u32' },
  bindings: { x: 'read f32', weight: 'read u32', bias: 'read f32', y: 'read_write f32' },
  workgroups: gemmGrid,
  reference: (p, { x, weight, bias, y }, overrides) => ({
    y: matmul(p, { x, bias, y }, decodeWords(weight, overrides), overrides),
  }),
  tolerance: matmulTolerance,
  cases: () =>
    MATMUL_SHAPES.flatMap((p, i) =>
      (['F32', 'F16', 'BF16'] as const).map((dtype) => floatCase(p, dtype, i, i % 3)),
    ),
});

function floatCase(
  params: (typeof MATMUL_SHAPES)[number],
  dtype: QuantizableDtype,
  seed: number,
  compute: number,
) {
  const { M, K, stride } = params;
  const rows = rowsOf(params);
  return {
    name: `${shapeName(params)} · ${dtype} · compute ${COMPUTE_NAMES[compute]}`,
    params: { ...params, accumulate: seed % 2 },
    arrays: {
      x: normals(M * K, seed),
      weight: encodeWords(normals(rows * K, seed + 100), dtype),
      bias: normals(biasesOf(params), seed + 200),
      y: normals(M * stride, seed + 300),
    },
    overrides: { DTYPE: DTYPE[dtype], COMPUTE_DTYPE: compute },
  };
}
