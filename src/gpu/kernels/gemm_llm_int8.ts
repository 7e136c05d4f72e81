import packed from '../../../shaders/preludes/dot4_packed.wgsl?raw';
import unpacked from '../../../shaders/preludes/dot4_unpacked.wgsl?raw';
import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import common from '../../../shaders/preludes/llm_int8.wgsl?raw';
import source from '../../../shaders/gemm_llm_int8.wgsl?raw';
import matvec from '../../../shaders/matvec_llm_int8.wgsl?raw';
import tile from '../../../shaders/tile_llm_int8.wgsl?raw';
import { quantizeActivations, quantizeLlmInt8 } from '../../quant/llm_int8.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid, type Params, type Requirements } from '../device/kernel.ts';
import type { Traffic } from '../traffic/predict.ts';
import { collect } from '../traffic/touched.ts';
import { activations } from './llm_int8_case.ts';
import { paddedWords, unpaddedRows } from './padded.ts';
import {
  MATMUL_PLACE,
  MATMUL_SHAPE,
  MATMUL_SHAPES,
  type MatmulShape,
  biasesOf,
  matmulTolerance,
  rowsOf,
  shapeName,
} from './matmul.ts';
import { roundingOf, COMPUTE_NAMES } from './rounding.ts';

const PACKED: Requirements = { language_features: ['packed_4x8_integer_dot_product'] };

const LLM_INT8 = { ...MATMUL_SHAPE, threshold: 'f32', ...MATMUL_PLACE } as const;

/** Rows and tokens of a workgroup of the tile, and words of each that it fetches at a time. */
const [TILE, DEPTH] = [64, 16];

/** Lanes of a workgroup of the form for few tokens, how many share four rows, and the rows of the workgroup. */
const [LANES, SHARING] = [64, 32];
const SHARED_ROWS = (4 * LANES) / SHARING;

/** The usual shapes, and one past a tile in every direction. */
const SHAPES: readonly MatmulShape[] = [
  ...MATMUL_SHAPES,
  { M: 70, N: 67, K: 104, first_row: 1, stride: 70, offset: 1, has_bias: 1, bias_row: 2 },
];

/**
 * LLM.int8(): y = CA · CBᵀ in exact integers, scaled back, and the outlier columns on top in the compute dtype
 * (bitsandbytes backends/default/ops.py, int8_mixed_scaled_mm). This form needs no language feature.
 */
export const gemm_llm_int8 = defineKernel({
  name: 'gemm_llm_int8',
  wgsl: float16 + rounding + unpacked + common + source,
  params: LLM_INT8,
  bindings: {
    x: 'read f32',
    columns: 'read u32',
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
    const { x, columns, SCA, SCB, bias } = arrays;
    const CA = unpaddedRows(arrays.CA, K);
    const CB = unpaddedRows(arrays.CB, K);
    const y = arrays.y.slice();
    const outliers = columns.subarray(1, 1 + columns[0]!);
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
    SHAPES.flatMap((shape, i) => [
      llmInt8Case(shape, { threshold: 6, seed: i, compute: i % 3 }),
      llmInt8Case(shape, { threshold: 0, seed: i + 50, compute: 1 }),
    ]),
});

/** The kernel above with dot4I8Packed, where the browser has it: equal integers, faster on most hardware. */
export const gemm_llm_int8_packed = defineKernel({
  ...gemm_llm_int8,
  name: 'gemm_llm_int8_packed',
  wgsl: float16 + rounding + packed + common + source,
  requires: PACKED,
});

/** The forms above for adapters whose lanes share what they fetch: a tile of 64 rows and 64 tokens a workgroup. */
export const tile_llm_int8 = defineKernel({
  ...gemm_llm_int8,
  name: 'tile_llm_int8',
  wgsl: float16 + rounding + unpacked + common + tile,
  workgroups: ({ M, N }) => [Math.ceil(N / TILE), Math.ceil(M / TILE)],
  traffic: tileTraffic(4),
});

export const tile_llm_int8_packed = defineKernel({
  ...tile_llm_int8,
  name: 'tile_llm_int8_packed',
  wgsl: float16 + rounding + packed + common + tile,
  requires: PACKED,
  traffic: tileTraffic(1),
});

/** The same for a few tokens: lanes share rows, and each reads beside its neighbour. */
export const matvec_llm_int8 = defineKernel({
  ...gemm_llm_int8,
  name: 'matvec_llm_int8',
  wgsl: float16 + rounding + unpacked + common + matvec,
  workgroups: ({ M, N }) => [Math.ceil(N / SHARED_ROWS), Math.ceil(M / 4)],
  traffic: matvecTraffic(4),
});

export const matvec_llm_int8_packed = defineKernel({
  ...matvec_llm_int8,
  name: 'matvec_llm_int8_packed',
  wgsl: float16 + rounding + packed + common + matvec,
  requires: PACKED,
  traffic: matvecTraffic(1),
});

/** Seeded inputs of a shape, with outlier columns where there is a threshold. */
export function llmInt8Case(
  shape: MatmulShape,
  { threshold, seed, compute }: { threshold: number; seed: number; compute: number },
) {
  const { M, K, stride } = shape;
  const rows = rowsOf(shape);
  const listed = new Uint32Array(1 + K);
  const x = activations(M, K, 6);
  const { CA, SCA, outlier_cols } = quantizeActivations({ shape: [M, K], data: x }, threshold);
  listed.set([outlier_cols.length, ...outlier_cols]);
  const { CB, SCB } = quantizeLlmInt8({ shape: [rows, K], data: normals(rows * K, seed + 100) });
  return {
    name: `${shapeName(shape)} · threshold ${threshold} · compute ${COMPUTE_NAMES[compute]}`,
    params: { ...shape, threshold },
    arrays: {
      x,
      columns: listed,
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

const products = ({ M, N, K }: Params<typeof LLM_INT8>) => M * N * Math.ceil(K / 4);

/** What the form for few tokens asks; as of the tile, without outlier columns. */
function matvecTraffic(dots: number): Traffic<typeof LLM_INT8> {
  const pitch = SHARING + 1;
  return {
    touched({ M, N, K, first_row, has_bias, bias_row }, _, [x, y]) {
      const K4 = Math.ceil(K / 4);
      const { touched, read } = collect(LANES);
      const token = 4 * y;
      for (let lane = 0; lane < LANES; lane++) {
        const [share, own] = [Math.floor(lane / SHARING), lane % SHARING];
        const row = SHARED_ROWS * x + 4 * share;
        for (let k = own; k < K4; k += SHARING) {
          for (let i = 0; i < 4; i++) read(lane, ['CB', (first_row + Math.min(row + i, N - 1)) * K4 + k]);
          for (let i = 0; i < (M - token > 1 ? 4 : 1); i++) {
            read(lane, ['CA', Math.min(token + i, M - 1) * K4 + k]);
          }
        }
        if (own >= 16) continue;
        for (let i = 0; i < SHARING; i++) read(lane, ['parts', (16 * share + own) * pitch + i]);
        const [t, r] = [token + Math.floor(own / 4), row + (own % 4)];
        if (t >= M || r >= N) continue;
        read(lane, ['SCA', t], ['SCB', first_row + r]);
        if (has_bias) read(lane, ['bias', bias_row + r]);
      }
      return touched;
    },
    flops: (params) => 2 * products(params),
    // A word's address and its load for four rows; and where a group has several tokens, all four of them.
    instructions(params) {
      const { M, N, K } = params;
      const computed = M === 1 ? 1 : 4 * Math.ceil(M / 4);
      return computed * N * Math.ceil(K / 4) * (dots + 1.25) + 2 * SHARING * 4 * Math.ceil(M / 4) * N;
    },
    shared_reads: ({ M, N }) => SHARING * 4 * Math.ceil(M / 4) * N,
  };
}

/**
 * What the tile asks of memory and arithmetic; the outlier columns depend on data and are left out. A dot product of four
 * counts as one product and its sum, so that `dots` is 1 where there is an instruction for it.
 */
function tileTraffic(dots: number): Traffic<typeof LLM_INT8> {
  return {
    touched({ M, N, K, first_row, has_bias, bias_row }, _, [x, y]) {
      const side = TILE / 4;
      const pitch = DEPTH + 1;
      const K4 = Math.ceil(K / 4);
      const { touched, read } = collect(side ** 2);
      for (let lane = 0; lane < side ** 2; lane++) {
        const [column, line] = [lane % side, Math.floor(lane / side)];
        for (let k0 = 0; k0 < K4; k0 += DEPTH) {
          for (let i = lane; i < TILE * DEPTH; i += side ** 2) {
            const k = k0 + (i % DEPTH);
            if (k >= K4) continue;
            const at = Math.floor(i / DEPTH);
            read(lane, ['CA', Math.min(TILE * y + at, M - 1) * K4 + k]);
            read(lane, ['CB', (first_row + Math.min(TILE * x + at, N - 1)) * K4 + k]);
          }
          for (let k = 0; k < DEPTH; k++) {
            for (let i = 0; i < 4; i++) read(lane, ['ws', pitch * (column + side * i) + k]);
            for (let i = 0; i < 4; i++) read(lane, ['xs', pitch * (line + side * i) + k]);
          }
        }
        for (let t = 0; t < 4; t++) {
          for (let r = 0; r < 4; r++) {
            const [token, row] = [TILE * y + line + side * t, TILE * x + column + side * r];
            if (token >= M || row >= N) continue;
            read(lane, ['SCA', token], ['SCB', first_row + row]);
            if (has_bias) read(lane, ['bias', bias_row + row]);
          }
        }
      }
      return touched;
    },
    flops: (params) => 2 * products(params),
    instructions: (params) => products(params) * (dots + 0.5),
    shared_reads: (params) => products(params) / 2,
  };
}
