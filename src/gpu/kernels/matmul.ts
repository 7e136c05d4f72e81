import addFour from '../../../shaders/preludes/add_four.wgsl?raw';
import common from '../../../shaders/preludes/matmul.wgsl?raw';
import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import type { Tolerance } from '../../tensor/compare.ts';
import type {
  Access,
  Arrays,
  Kernel,
  KernelCase,
  Overrides,
  ParamTypes,
  Params,
  Requirements,
} from '../device/kernel.ts';
import { matmulTraffic, type FormTraffic, type WeightTouches } from '../traffic/matmul_traffic.ts';
import { floats, normals } from './cases.ts';
import { COMPUTE_NAMES, roundingOf } from './rounding.ts';

/** The weight's rows that are used: N of them from first_row on, so that one matrix may hold several layers' rows. */
export const MATMUL_SHAPE = { M: 'u32', N: 'u32', K: 'u32', first_row: 'u32' } as const;

/** Layout of the result and bias: y[:, offset .. offset + N] of rows `stride` wide, bias from bias_row on. */
export const MATMUL_PLACE = { stride: 'u32', offset: 'u32', has_bias: 'u32', bias_row: 'u32' } as const;

/** The uniform fields of every form of the matmul; `accumulate` adds to y instead of overwriting it. */
export const MATMUL = { ...MATMUL_SHAPE, ...MATMUL_PLACE, accumulate: 'u32' } as const;

/** A matmul y [M, N] = x [M, K] · weight [N, K]ᵀ in numbers. */
export type MatmulParams = Params<typeof MATMUL>;

/** One way to walk x and the weight, a shader of its own; it knows no format. */
export interface Form {
  name: string;
  source: string;
  /** How it reads weights. */
  reads: keyof Decoding;
  workgroups: (params: MatmulParams) => readonly [number, number];
  requires?: Requirements;
  /** What it asks of memory and arithmetic, where it was written down. */
  traffic?: FormTraffic;
}

/** The decoding of a storage's weights: WGSL that is put in front of every form of the matmul, and its twin on the CPU. */
export interface Weights<
  P extends ParamTypes = ParamTypes,
  B extends Record<string, Access> = Record<string, Access>,
> {
  name: string;
  decoding: Decoding;
  params: P;
  bindings: B;
  /** The float32 weights [rows, K] that the shader decodes, before it rounds them to the compute dtype. */
  decode(size: WeightSize, params: Params<P>, arrays: Arrays<B>, overrides: Overrides): Float32Array;
  /** What the decoding reads. */
  touches(params: Params<P> & { K: number }, overrides: Overrides): WeightTouches;
  /** Weights to check a form on, with every combination of the overrides among them; `i` varies them. */
  cases(size: WeightSize, i: number): WeightCase<P, B>[];
}

/** WGSL: STEP and its types, Row, prepare, row_at, step_of, weight_of, and bindings from 4 on. */
export interface Decoding {
  /** A word at a time, values shared by the lanes of a group. */
  words: string;
  /** The same for lanes that share nothing. */
  alone: string;
  /** The same for lanes that are a subgroup of eight, and hand each other what they have. */
  shuffled: string;
  /** 16 bytes at a time, with load_size, loads_fit, load_of and add_load. */
  loads: string;
}

/** A decoding for which it is the same whether lanes share values or not. */
export const inWords = (words: string, loads: string): Decoding => ({
  ...{ words, alone: words, shuffled: words },
  loads,
});

/** The WGSL that asks for what a form requires of the language. */
export const enabled = ({ requires }: Form): string[] =>
  requires?.features?.includes('subgroups') ? ['enable subgroups;'] : [];

interface WeightSize {
  rows: number;
  K: number;
}

/** Weights of a check, without x, bias and y. */
export type WeightCase<P extends ParamTypes, B> = KernelCase<P, B> & { overrides: Overrides };

/** The kernel of a form over a storage: `tile` over `int8` is `tile_int8`. */
export function matmulKernel(form: Form, weights: Weights): Kernel {
  const params = { ...MATMUL, ...weights.params };
  return {
    name: `${form.name}_${weights.name}`,
    wgsl: [
      ...enabled(form),
      paramsStruct(params),
      float16,
      rounding,
      common,
      addFour,
      weights.decoding[form.reads],
      form.source,
    ].join('\n'),
    ...(form.requires && { requires: form.requires }),
    params,
    bindings: { x: 'read f32', bias: 'read f32', y: 'read_write f32', ...weights.bindings },
    workgroups: (p) => form.workgroups(p as MatmulParams),
    reference(p, arrays, overrides) {
      const shape = p as MatmulParams;
      const weight = weights.decode({ rows: rowsOf(shape), K: shape.K }, p, arrays, overrides);
      return { y: matmul(shape, arrays as unknown as XBiasY, weight, overrides) };
    },
    tolerance: (p, overrides) => matmulTolerance(p as MatmulParams, overrides),
    cases: () => matmulCases(weights, MATMUL_SHAPES),
    ...(form.traffic && { traffic: matmulTraffic(form.traffic, weights) }),
  };
}

/**
 * Cases of a matmul over a storage: each kind of weights j with each shape i. In kernel checks, where all constants must
 * have a case, every compute dtype comes with the first shape.
 */
export const matmulCases = (
  weights: Weights,
  shapes: readonly MatmulShape[],
  computing = (i: number, j: number): number[] => (i === 0 ? [0, 1, 2] : [(i + j) % 3]),
): KernelCase[] =>
  shapes.flatMap((shape, i) =>
    weights
      .cases({ rows: rowsOf(shape), K: shape.K }, i)
      .flatMap((weight, j) => computing(i, j).map((compute) => matmulCase(shape, weight, compute, i))),
  );

/** The uniform of a form over a storage: its fields come from both, so no shader file can declare it. */
export const paramsStruct = (params: ParamTypes): string =>
  `struct Params { ${Object.entries(params)
    .map(([name, type]) => `${name}: ${type}`)
    .join(', ')} }\n`;

function matmulCase(
  shape: MatmulShape,
  weight: WeightCase<ParamTypes, Record<string, Access>>,
  compute: number,
  seed: number,
): KernelCase {
  const { M, K, stride } = shape;
  return {
    name: [shapeName(shape), weight.name, `compute ${COMPUTE_NAMES[compute]}`].filter(Boolean).join(' · '),
    params: { ...shape, accumulate: seed % 2, ...weight.params },
    arrays: {
      x: normals(M * K, seed),
      bias: normals(biasesOf(shape), seed + 200),
      y: seed % 2 ? normals(M * stride, seed + 300) : floats(M * stride),
      ...weight.arrays,
    },
    overrides: { COMPUTE_DTYPE: compute, ...weight.overrides },
  };
}

export interface XBiasY {
  x: Float32Array;
  bias: Float32Array;
  y: Float32Array<ArrayBuffer>;
}

/**
 * A matmul in float64 over the weights the shader should have seen, each rounded to the compute dtype.
 * `y` is returned with the columns outside [offset, offset + N) as they were.
 */
function matmul(
  { M, N, K, first_row, stride, offset, has_bias, bias_row, accumulate }: MatmulParams,
  { x, bias, y }: XBiasY,
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
] as const satisfies readonly MatmulShape[];

/** A matmul in numbers, without what a storage adds. */
export type MatmulShape = Params<typeof MATMUL_SHAPE & typeof MATMUL_PLACE>;

/** Rows of the weight a shape's matrix has. */
export const rowsOf = ({ N, first_row }: MatmulShape): number => first_row + N;

/** Values a shape's bias has. */
export const biasesOf = ({ N, bias_row }: MatmulShape): number => bias_row + N;

/** A shape's name in reports: `M 9 · N 68 · K 64`. */
export const shapeName = ({ M, N, K, has_bias }: MatmulShape): string =>
  `M ${M} · N ${N} · K ${K}${has_bias ? ' · bias' : ''}`;
