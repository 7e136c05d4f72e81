import type { Tolerance } from '../../tensor/compare.ts';
import { grid, type Overrides } from '../device/kernel.ts';
import { roundingOf } from './rounding.ts';

/** The uniform fields every matmul shader has: y[:, offset .. offset + N] of rows `stride` wide is x [M, K] · weight [N, K]ᵀ. */
export const MATMUL = { stride: 'u32', offset: 'u32', has_bias: 'u32', bias_row: 'u32' } as const;

/** The weight's rows that are used: N of them from first_row on, so that one matrix may hold several layers' rows. */
export const MATMUL_SHAPE = { M: 'u32', N: 'u32', K: 'u32', first_row: 'u32' } as const;

export interface MatmulParams {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly first_row: number;
  readonly stride: number;
  readonly offset: number;
  readonly has_bias: number;
  /** Where in the bias the first row's stands. */
  readonly bias_row: number;
  /** Add to y instead of overwriting it. */
  readonly accumulate?: number;
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
  { M, N, K, first_row, stride, offset, has_bias, bias_row, accumulate }: MatmulParams,
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
      for (let k = 0; k < K; k++) sum += x[t * K + k]! * rounded[(first_row + n) * K + k]!;
      if (has_bias) sum += round(bias[bias_row + n]!);
      const at = t * stride + offset + n;
      out[at] = round(Math.fround(accumulate ? sum + out[at]! : sum));
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
  { M: 9, N: 68, K: 64, first_row: 0, stride: 68, offset: 0, has_bias: 0, bias_row: 0 },
  { M: 1, N: 1, K: 40, first_row: 0, stride: 3, offset: 1, has_bias: 1, bias_row: 3 },
  { M: 3, N: 37, K: 67, first_row: 2, stride: 40, offset: 2, has_bias: 1, bias_row: 3 },
  { M: 17, N: 5, K: 172, first_row: 0, stride: 5, offset: 0, has_bias: 0, bias_row: 0 },
  { M: 2, N: 130, K: 96, first_row: 64, stride: 130, offset: 0, has_bias: 1, bias_row: 3 },
] as const satisfies readonly MatmulParams[];

/** Rows of the weight a shape's matrix has. */
export const rowsOf = ({ N, first_row }: MatmulParams): number => first_row + N;

/** Values a shape's bias has. */
export const biasesOf = ({ N, bias_row }: MatmulParams): number => bias_row + N;

/** A shape's name in reports: `M 9 · N 68 · K 64`. */
export const shapeName = ({ M, N, K, has_bias }: MatmulParams): string =>
  `M ${M} · N ${N} · K ${K}${has_bias ? ' · bias' : ''}`;
