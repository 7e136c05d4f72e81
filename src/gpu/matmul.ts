import type { Tolerance } from '../tensor/compare.ts';
import { grid, type Overrides } from './kernel.ts';
import { roundingOf } from './rounding.ts';

/** The uniform fields every matmul shader has: y[:, offset .. offset + N] of rows `stride` wide is x [M, K] · weight [N, K]ᵀ. */
export const MATMUL = { stride: 'u32', offset: 'u32', has_bias: 'u32' } as const;

export interface MatmulParams {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly stride: number;
  readonly offset: number;
  readonly has_bias: number;
}

/** 4 rows × 8 tokens an invocation. */
export const gemmGrid = ({ M, N }: MatmulParams): readonly [number, number] => [
  grid(Math.ceil(N / 4))[0],
  Math.ceil(M / 8),
];

/** 1 row × 1 token an invocation. */
export const gemvGrid = ({ M, N }: MatmulParams): readonly [number, number] => [grid(N)[0], M];

/**
 * A matmul in float64 over the weights the shader should have seen, each rounded to the compute dtype.
 * `y` is returned with the columns outside [offset, offset + N) as they were.
 */
export function matmul(
  { M, N, K, stride, offset, has_bias }: MatmulParams,
  { x, bias, y }: { x: Float32Array; bias: Float32Array; y: Float32Array<ArrayBuffer> },
  weight: Float32Array,
  overrides: Overrides,
): Float32Array<ArrayBuffer> {
  const round = roundingOf(overrides);
  const rounded = weight.map(round);
  const out = y.slice();
  for (let t = 0; t < M; t++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[t * K + k]! * rounded[n * K + k]!;
      if (has_bias) sum += round(bias[n]!);
      out[t * stride + offset + n] = round(Math.fround(sum));
    }
  }
  return out;
}

/**
 * float32 sums of K products of order 1 wander by about √K units in the last place. Where the result is rounded to
 * 16 bits, a sum next to a tie may fall to either side: one unit of that dtype.
 */
export function matmulTolerance({ K }: { K: number }, overrides: Overrides): Tolerance {
  const unit = [0, 2 ** -10, 2 ** -7][overrides.COMPUTE_DTYPE ?? 0]!;
  return { atol: 1e-6 * Math.sqrt(K), rtol: 1e-5 + unit };
}

/** Shapes of a matmul check: a plain one, and odd tokens, rows and columns, with bias and a strided output. */
export const MATMUL_SHAPES = [
  { M: 9, N: 68, K: 64, stride: 68, offset: 0, has_bias: 0 },
  { M: 1, N: 1, K: 40, stride: 3, offset: 1, has_bias: 1 },
  { M: 3, N: 37, K: 67, stride: 40, offset: 2, has_bias: 1 },
  { M: 17, N: 5, K: 172, stride: 5, offset: 0, has_bias: 0 },
  { M: 2, N: 130, K: 96, stride: 130, offset: 0, has_bias: 1 },
] as const satisfies readonly MatmulParams[];

/** A shape's name in reports: `M 9 · N 68 · K 64`. */
export const shapeName = ({ M, N, K, has_bias }: MatmulParams): string =>
  `M ${M} · N ${N} · K ${K}${has_bias ? ' · bias' : ''}`;
