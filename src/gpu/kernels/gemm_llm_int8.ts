import packed from '../../../shaders/preludes/dot4_packed.wgsl?raw';
import unpacked from '../../../shaders/preludes/dot4_unpacked.wgsl?raw';
import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemm_llm_int8.wgsl?raw';
import { quantizeActivations, quantizeLlmInt8 } from '../../quant/llm_int8.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { activations } from './llm_int8_case.ts';
import { paddedWords, unpaddedRows } from './padded.ts';
import {
  MATMUL_PLACE,
  MATMUL_SHAPE,
  MATMUL_SHAPES,
  biasesOf,
  matmulTolerance,
  rowsOf,
  shapeName,
} from './matmul.ts';
import { columnMask } from './outlier_columns.ts';
import { roundingOf, COMPUTE_NAMES } from './rounding.ts';

/**
 * LLM.int8(): y = CA · CBᵀ in exact integers, scaled back, and the outlier columns on top in the compute dtype
 * (bitsandbytes backends/default/ops.py, int8_mixed_scaled_mm). This form needs no language feature.
 */
export const gemm_llm_int8 = defineKernel({
  name: 'gemm_llm_int8',
  wgsl: float16 + rounding + unpacked + source,
  params: { ...MATMUL_SHAPE, threshold: 'f32', ...MATMUL_PLACE },
  bindings: {
    x: 'read f32',
    mask: 'read u32',
    CA: 'read u32',
    SCA: 'read f32',
    CB: 'read u32',
    SCB: 'read f32',
    bias: 'read f32',
    y: 'read_write f32',
  },
  workgroups: ({ M, N }) => [grid(Math.ceil(N / 4))[0], Math.ceil(M / 4)],
  reference: ({ M, N, K, first_row, threshold, stride, offset, has_bias, bias_row }, arrays, overrides) => {
    const round = roundingOf(overrides);
    const { x, mask, SCA, SCB, bias } = arrays;
    const CA = unpaddedRows(arrays.CA, K);
    const CB = unpaddedRows(arrays.CB, K);
    const y = arrays.y.slice();
    const outliers = Array.from({ length: K }, (_, k) => k).filter((k) => (mask[k >> 5]! >>> (k & 31)) & 1);
    for (let t = 0; t < M; t++) {
      for (let n = first_row; n < first_row + N; n++) {
        let integer = 0;
        for (let k = 0; k < K; k++) integer += CA[t * K + k]! * CB[n * K + k]!;
        const scale = Math.fround(SCA[t]! * SCB[n]!);
        let value = Math.fround(Math.fround(Math.fround(integer) * scale) * Math.fround(6.200124e-5));
        if (has_bias) value = Math.fround(value + round(bias[bias_row + n - first_row]!));
        value = round(value);
        if (threshold > 0 && outliers.length > 0) {
          let sum = 0;
          for (const k of outliers) {
            const weight = Math.fround(CB[n * K + k]! * SCB[n]!) * Math.fround(7.874015718698502e-3);
            sum += round(x[t * K + k]!) * round(Math.fround(weight));
          }
          value = round(Math.fround(value + sum));
        }
        y[t * stride + offset + n - first_row] = value;
      }
    }
    return { y };
  },
  tolerance: matmulTolerance,
  cases: () =>
    MATMUL_SHAPES.flatMap((shape, i) => [llmInt8Case(shape, 6, i, i % 3), llmInt8Case(shape, 0, i + 50, 1)]),
});

/** The kernel above with dot4I8Packed, where the browser has it: equal integers, faster on most hardware. */
export const gemm_llm_int8_packed = defineKernel({
  ...gemm_llm_int8,
  name: 'gemm_llm_int8_packed',
  wgsl: float16 + rounding + packed + source,
  requires: { language_features: ['packed_4x8_integer_dot_product'] },
});

function llmInt8Case(
  shape: (typeof MATMUL_SHAPES)[number],
  threshold: number,
  seed: number,
  compute: number,
) {
  const { M, K, stride } = shape;
  const rows = rowsOf(shape);
  const x = activations(M, K, 6);
  const { CA, SCA, outlier_cols } = quantizeActivations({ shape: [M, K], data: x }, threshold);
  const { CB, SCB } = quantizeLlmInt8({ shape: [rows, K], data: normals(rows * K, seed + 100) });
  return {
    name: `${shapeName(shape)} · threshold ${threshold} · compute ${COMPUTE_NAMES[compute]}`,
    params: { ...shape, threshold },
    arrays: {
      x,
      mask: columnMask(outlier_cols, K),
      CA: paddedWords(CA, K),
      SCA,
      CB: paddedWords(CB, K),
      SCB,
      bias: normals(biasesOf(shape), seed + 200),
      y: floats(M * stride),
    },
    overrides: { COMPUTE_DTYPE: compute },
  };
}
