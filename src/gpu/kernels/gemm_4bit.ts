import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemm_4bit.wgsl?raw';
import { FP4 } from '../../quant/formats/fp4.ts';
import { INT4 } from '../../quant/formats/int4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import type { Codebook } from '../../quant/codebook.ts';
import {
  BLOCKWISE,
  BLOCKWISE_BINDINGS,
  ODD_FIRST_BLOCK,
  blockwiseCase,
  blockwiseWeights,
} from './blockwise_case.ts';
import { floats, normals } from './cases.ts';
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

/** y = x · weightᵀ + bias for many tokens, the weight as packed 4-bit codes, dequantized in registers. */
export const gemm_4bit = defineKernel({
  name: 'gemm_4bit',
  wgsl: rounding + source,
  params: { ...MATMUL_SHAPE, ...BLOCKWISE, ...MATMUL },
  bindings: { x: 'read f32', ...BLOCKWISE_BINDINGS, bias: 'read f32', y: 'read_write f32' },
  workgroups: gemmGrid,
  reference: (p, arrays, overrides) => ({
    y: matmul(p, arrays, blockwiseWeights(rowsOf(p) * p.K, p, arrays, overrides), overrides),
  }),
  tolerance: matmulTolerance,
  cases: () =>
    MATMUL_SHAPES.flatMap((shape, i) => [
      matmulCase(shape, [NF4, FP4, INT4][i % 3]!, [64, 32, 128][i % 3]!, i, 0, false),
      matmulCase(shape, [FP4, NF4, NF4][i % 3]!, [32, 4096, 64][i % 3]!, i + 50, 1 + (i % 2), i % 2 === 0),
    ]),
});

function matmulCase(
  shape: (typeof MATMUL_SHAPES)[number],
  book: Codebook,
  blocksize: number,
  seed: number,
  compute: number,
  nested: boolean,
) {
  const { M, K, stride } = shape;
  const rows = rowsOf(shape);
  const weights = blockwiseCase(normals(rows * K, seed + 100), book, blocksize, nested, ODD_FIRST_BLOCK);
  return {
    name: `${shapeName(shape)} · ${weights.name} · compute ${COMPUTE_NAMES[compute]}`,
    params: { ...shape, ...weights.params },
    arrays: {
      x: normals(M * K, seed),
      ...weights.arrays,
      bias: normals(biasesOf(shape), seed + 200),
      y: floats(M * stride),
    },
    overrides: { ...weights.overrides, COMPUTE_DTYPE: compute },
  };
}
