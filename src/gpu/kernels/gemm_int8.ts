import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemm_int8.wgsl?raw';
import { dequantizeInt8, quantizeInt8 } from '../../quant/int8.ts';
import { floats, normals } from './cases.ts';
import { words } from '../../tensor/words.ts';
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
import { COMPUTE_NAMES } from './rounding.ts';

/** y = x · weightᵀ + bias for many tokens, the weight as int8 with one scale a row (or one in all, scale_stride 0). */
export const gemm_int8 = defineKernel({
  name: 'gemm_int8',
  wgsl: rounding + source,
  params: { ...MATMUL_SHAPE, scale_stride: 'u32', ...MATMUL },
  bindings: { x: 'read f32', CB: 'read u32', SCB: 'read f32', bias: 'read f32', y: 'read_write f32' },
  workgroups: gemmGrid,
  reference: (p, { x, CB, SCB, bias, y }, overrides) => {
    const integers = new Int8Array(CB.buffer, CB.byteOffset, rowsOf(p) * p.K);
    const weight = dequantizeInt8({
      quant_type: 'int8',
      shape: [rowsOf(p), p.K],
      CB: integers,
      SCB: SCB,
    });
    return { y: matmul(p, { x, bias, y }, weight.data, overrides) };
  },
  tolerance: matmulTolerance,
  cases: () => MATMUL_SHAPES.flatMap((shape, i) => [int8Case(shape, 'row', i), int8Case(shape, 'tensor', i)]),
});

function int8Case(shape: (typeof MATMUL_SHAPES)[number], granularity: 'row' | 'tensor', seed: number) {
  const { M, K, stride } = shape;
  const rows = rowsOf(shape);
  const { CB, SCB } = quantizeInt8({ shape: [rows, K], data: normals(rows * K, seed + 100) }, granularity);
  const compute = seed % 3;
  return {
    name: `${shapeName(shape)} · per ${granularity} · compute ${COMPUTE_NAMES[compute]}`,
    params: { ...shape, scale_stride: granularity === 'row' ? 1 : 0 },
    arrays: {
      x: normals(M * K, seed),
      CB: words(CB),
      SCB,
      bias: normals(biasesOf(shape), seed + 200),
      y: floats(M * stride),
    },
    overrides: { COMPUTE_DTYPE: compute },
  };
}
