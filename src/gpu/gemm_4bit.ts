import rounding from '../../shaders/rounding.wgsl?raw';
import source from '../../shaders/gemm_4bit.wgsl?raw';
import { dequantizeBlockwise, quantizeBlockwise } from '../quant/blockwise.ts';
import { FP4, INT4, NF4, type Codebook } from '../quant/codebook.ts';
import { bytes, floats, normals, words } from './case_data.ts';
import { defineKernel } from './kernel.ts';
import { MATMUL, MATMUL_SHAPES, gemmGrid, matmul, matmulTolerance, shapeName } from './matmul.ts';

/** y = x · weightᵀ + bias for many tokens, the weight as packed 4-bit codes, dequantized in registers. */
export const gemm_4bit = defineKernel({
  name: 'gemm_4bit',
  wgsl: rounding + source,
  params: { M: 'u32', N: 'u32', K: 'u32', blocksize: 'u32', ...MATMUL },
  bindings: {
    x: 'read f32',
    packed: 'read u32',
    absmax: 'read f32',
    code: 'read f32',
    bias: 'read f32',
    y: 'read_write f32',
  },
  workgroups: gemmGrid,
  reference: (p, { x, packed, absmax, code, bias, y }, overrides) => {
    const quantized = { quant_type: 'custom', shape: [p.N, p.K], blocksize: p.blocksize } as const;
    const weight = dequantizeBlockwise({
      ...quantized,
      packed: bytes(packed),
      absmax: absmax,
      code: code,
    });
    return { y: matmul(p, { x, bias, y }, weight.data, overrides) };
  },
  tolerance: matmulTolerance,
  cases: () =>
    MATMUL_SHAPES.flatMap((shape, i) => [
      blockwiseCase(shape, [NF4, FP4, INT4][i % 3]!, [64, 32, 128][i % 3]!, i, 0),
      blockwiseCase(shape, [FP4, NF4, NF4][i % 3]!, [32, 4096, 64][i % 3]!, i + 50, 1 + (i % 2)),
    ]),
});

function blockwiseCase(
  shape: (typeof MATMUL_SHAPES)[number],
  book: Codebook,
  blocksize: number,
  seed: number,
  compute: number,
) {
  const { M, N, K, stride } = shape;
  const q = quantizeBlockwise({ shape: [N, K], data: normals(N * K, seed + 100) }, book, blocksize);
  return {
    name: `${shapeName(shape)} · ${book.quant_type} ${blocksize} · compute ${compute}`,
    params: { ...shape, blocksize },
    arrays: {
      x: normals(M * K, seed),
      packed: words(q.packed),
      absmax: q.absmax,
      code: q.code,
      bias: normals(N, seed + 200),
      y: floats(M * stride),
    },
    overrides: { COMPUTE_DTYPE: compute },
  };
}
