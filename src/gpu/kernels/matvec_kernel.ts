import addFour from '../../../shaders/preludes/add_four.wgsl?raw';
import activation from '../../../shaders/preludes/activation.wgsl?raw';
import normedInput from '../../../shaders/preludes/input_normed.wgsl?raw';
import plainInput from '../../../shaders/preludes/input_plain.wgsl?raw';
import common from '../../../shaders/preludes/matvec.wgsl?raw';
import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import type { Kernel, KernelCase, Overrides, Params } from '../device/kernel.ts';
import { matmulTraffic } from '../traffic/matmul_traffic.ts';
import { ACTIVATIONS } from './activate.ts';
import { floats, normals } from './cases.ts';
import {
  enabled,
  MATMUL,
  MATMUL_SHAPES,
  matmulTolerance,
  paramsStruct,
  shapeName,
  type Form,
  type MatmulParams,
  type MatmulShape,
  type Weights,
  type XBiasY,
} from './matmul.ts';
import { COMPUTE_NAMES, roundingOf } from './rounding.ts';

/**
 * What a matvec does beside multiplying. norm: 0 none, 1 RMSNorm, 2 LayerNorm of x on the way, by the parameters that lie
 * in the bias's buffer from vec4 `norm_at` on. gate: 0 none, 1 an activation of each row, 2 the activation of a row times
 * the row `up_row` further. `accumulate` adds the rounded result to y.
 */
export const FUSED = {
  norm: 'u32',
  norm_at: 'u32',
  eps: 'f32',
  gate: 'u32',
  activation: 'u32',
  up_row: 'u32',
} as const;

/** The uniform fields of every form of the matvec. */
export const MATVEC = { ...MATMUL, ...FUSED } as const;

export type MatvecParams = Params<typeof MATVEC>;

/** A matvec that does nothing beside multiplying. */
export const UNFUSED: Params<typeof FUSED> = {
  norm: 0,
  norm_at: 0,
  eps: 0,
  gate: 0,
  activation: 0,
  up_row: 0,
};

/** The numbers by which a matvec knows what it does. */
export const NORM = { none: 0, rms: 1, layer: 2 } as const;
export const GATE = { none: 0, activated: 1, gated: 2 } as const;

/** Rows of the weight that go into N results. */
const rowsMultiplied = (shape: MatmulParams): number =>
  (shape as MatvecParams).gate === GATE.gated ? 2 * shape.N : shape.N;

/** A form of the matvec: whether it normalizes its input, too. Those that do not are given it normalized. */
export interface MatvecForm extends Form {
  normalizes: boolean;
}

/** The kernel of a form of the matvec over a storage: `matvec` over `int8` is `matvec_int8`. */
export function matvecKernel(form: MatvecForm, weights: Weights): Kernel {
  const params = { ...MATVEC, ...weights.params };
  return {
    name: `${form.name}_${weights.name}`,
    wgsl: [
      ...enabled(form),
      paramsStruct(params),
      ...[activation, float16, rounding],
      form.normalizes ? normedInput : plainInput,
      ...[common, addFour],
      ...[weights.decoding[form.reads], form.source],
    ].join('\n'),
    ...(form.requires && { requires: form.requires }),
    params,
    bindings: { x: 'read f32', bias: 'read f32', y: 'read_write f32', ...weights.bindings },
    workgroups: (p) => form.workgroups(p as MatvecParams),
    reference(p, arrays, overrides) {
      const shape = p as MatvecParams;
      const weight = weights.decode({ rows: weightRows(shape), K: shape.K }, p, arrays, overrides);
      return { y: matvec(shape, arrays as unknown as XBiasY, weight, overrides) };
    },
    tolerance(p, overrides) {
      const { K, norm, gate } = p as MatvecParams;
      const { atol, rtol } = matmulTolerance({ K }, overrides);
      const unit = rtol - 1e-5;
      // A normalized value next to a tie may be rounded to either side; a product of two sums is as far off as both.
      return { atol: atol * (gate ? 6 * Math.sqrt(K) : 1) + (norm ? 8 * unit : 0), rtol: 3 * rtol };
    },
    cases: () => matvecCases(form, weights),
    ...(form.traffic && { traffic: matmulTraffic(form.traffic, weights, rowsMultiplied) }),
  };
}

/** Rows of the weight that a case has. */
const weightRows = ({ N, first_row, up_row }: MatvecParams): number => first_row + up_row + N;

const vec4s = (n: number): number => Math.ceil(n / 4);

/** A matvec in float64, the normalized input and every result rounded as the shader rounds them. */
function matvec(
  p: MatvecParams,
  { x, bias, y }: XBiasY,
  weight: Float32Array,
  overrides: Overrides,
): Float32Array<ArrayBuffer> {
  const { M, N, K, first_row, stride, offset, has_bias, bias_row, accumulate, gate, up_row } = p;
  const round = roundingOf(overrides);
  const { of } = Object.values(ACTIVATIONS).find(({ id }) => id === p.activation)!;
  const out = y.slice();
  for (let t = 0; t < M; t++) {
    const input = normalized(p, x.subarray(t * K, (t + 1) * K), bias, round);
    const row = (n: number): number => {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += input[k]! * round(weight[(first_row + n) * K + k]!);
      return round(Math.fround(has_bias ? sum + round(bias[bias_row + n]!) : sum));
    };
    for (let n = 0; n < N; n++) {
      let value = row(n);
      if (gate !== GATE.none) value = of(value) * (gate === GATE.gated ? row(up_row + n) : 1);
      if (gate !== GATE.none) value = round(Math.fround(value));
      const at = t * stride + offset + n;
      out[at] = accumulate ? out[at]! + value : value;
    }
  }
  return out;
}

/** A token's input as the weights meet it. */
function normalized(
  { norm, norm_at, eps, K }: MatvecParams,
  x: Float32Array,
  vectors: Float32Array,
  round: (v: number) => number,
): Float32Array {
  if (norm === NORM.none) return x;
  const mean = norm === NORM.layer ? x.reduce((sum, v) => sum + v, 0) / K : 0;
  const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / K + eps);
  const weight = vectors.subarray(4 * norm_at);
  const added = weight.subarray(4 * vec4s(K));
  return x.map((v, k) =>
    round(Math.fround((v - mean) * scale * weight[k]! + (norm === NORM.layer ? added[k]! : 0))),
  );
}

/** Columns that are more than a form stages at a time, more than its lanes have a load each of, and then some steps. */
const LONG_ROW = 1312;

/** What the shapes of a check do beside multiplying, in turn. */
const CASES = [
  { norm: NORM.rms, gate: GATE.none, activation: ACTIVATIONS.silu.id },
  { norm: NORM.layer, gate: GATE.activated, activation: ACTIVATIONS.gelu_tanh.id },
  { norm: NORM.rms, gate: GATE.gated, activation: ACTIVATIONS.silu.id },
  { norm: NORM.none, gate: GATE.none, activation: ACTIVATIONS.silu.id },
  { norm: NORM.none, gate: GATE.gated, activation: ACTIVATIONS.gelu.id },
] as const;

/**
 * Cases of a form over a storage: each kind of weights with each shape, and every compute dtype with the first shape.
 * @param computing the compute dtypes of shape i over weights j
 */
export const matvecCases = (
  { normalizes, reads }: Pick<MatvecForm, 'normalizes' | 'reads'>,
  weights: Weights,
  computing = (i: number, j: number): number[] => (i === 0 ? [0, 1, 2] : [(i + j) % 3]),
): KernelCase[] =>
  MATMUL_SHAPES.flatMap((usual: MatmulShape, i) => {
    const shape = reads === 'loads' && i === 0 ? { ...usual, K: LONG_ROW } : usual;
    const { norm, gate, activation } = CASES[i]!;
    const norm_at = vec4s(2 * (shape.N + shape.bias_row));
    const params: MatvecParams = {
      ...shape,
      accumulate: i % 2,
      norm: normalizes ? norm : NORM.none,
      norm_at,
      eps: 1e-5,
      gate,
      activation,
      up_row: gate === GATE.gated ? shape.N : 0,
    };
    const { M, K, stride } = shape;
    return weights.cases({ rows: weightRows(params), K }, i).flatMap((weight, j) =>
      computing(i, j).map((compute) => ({
        name: [fusedName(params), weight.name, `compute ${COMPUTE_NAMES[compute]}`]
          .filter(Boolean)
          .join(' · '),
        params: { ...params, ...weight.params },
        arrays: {
          x: normals(M * K, i),
          bias: normals(4 * (norm_at + 2 * vec4s(K)), i + 200),
          y: i % 2 ? normals(M * stride, i + 300) : floats(M * stride),
          ...weight.arrays,
        },
        overrides: { COMPUTE_DTYPE: compute, ...weight.overrides },
      })),
    );
  });

/** `M 3 · N 37 · K 67 · bias · RMSNorm · gated`. */
const fusedName = (params: MatvecParams): string =>
  [shapeName(params), ['', 'RMSNorm', 'LayerNorm'][params.norm], ['', 'activated', 'gated'][params.gate]]
    .filter(Boolean)
    .join(' · ');
