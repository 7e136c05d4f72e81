import division from '../../../shaders/preludes/division.wgsl?raw';
import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import sums from '../../../shaders/preludes/group.wgsl?raw';
import lanes from '../../../shaders/preludes/lanes.wgsl?raw';
import groupLargest from '../../../shaders/preludes/group_largest.wgsl?raw';
import largestStrip from '../../../shaders/preludes/largest_strip.wgsl?raw';
import strip from '../../../shaders/preludes/strip.wgsl?raw';
import argmaxSource from '../../../shaders/argmax_group.wgsl?raw';
import expectedGapSource from '../../../shaders/expected_gap_group.wgsl?raw';
import int8Source from '../../../shaders/int8_vectorwise_quant_group.wgsl?raw';
import layerNormSource from '../../../shaders/layer_norm_group.wgsl?raw';
import logitStripsSource from '../../../shaders/logit_strips_group.wgsl?raw';
import logprobsSource from '../../../shaders/logprobs_group.wgsl?raw';
import outlierColumnsSource from '../../../shaders/outlier_columns_group.wgsl?raw';
import rmsNormSource from '../../../shaders/rms_norm_group.wgsl?raw';
import { grid, type Access, type Kernel, type ParamTypes, type Params } from '../device/kernel.ts';
import { rowTraffic, type RowTraffic } from '../traffic/row_traffic.ts';
import type { Touch } from '../traffic/touched.ts';
import { argmax } from './argmax.ts';
import { expected_gap } from './expected_gap.ts';
import { layer_norm } from './layer_norm.ts';
import { logit_strips } from './logit_strips.ts';
import { int8_vectorwise_quant } from './int8_vectorwise_quant.ts';
import { logprobs } from './logprobs.ts';
import { maskWords } from '../device/limits.ts';
import { outlier_columns } from './outlier_columns.ts';
import { rms_norm } from './rms_norm.ts';

/** Lanes that share a row of so many values: a power of two, so many that each has some ten values of a long one. */
export const lanesFor = (length: number): number => (length <= 1024 ? 64 : 256);

/** The numbers of lanes that a norm is compiled with. */
export const NORM_LANES = [64, 256] as const;
/** The number of lanes that all others are compiled with. */
export const GROUP_LANES = 64;

/**
 * The form of a kernel of rows whose lanes share a row instead of having one each. Sums go by lanes, then over lanes in
 * their order: the same bits on any adapter, whatever its subgroups, and others than one lane's own sum.
 */
function grouped<P extends ParamTypes, B extends Record<string, Access>>(
  kernel: Kernel<P, B>,
  wgsl: string,
  rows: (params: Params<P>) => number,
  lanes: readonly number[],
  traffic?: Omit<RowTraffic<P>, 'rows'>,
): Kernel<P, B> {
  return {
    ...kernel,
    name: `${kernel.name}_group`,
    wgsl,
    // A group a row: as many as there would be of 64 lanes each.
    workgroups: (params) => grid(64 * rows(params)),
    reference: (params, arrays) => kernel.reference(params, arrays, {}),
    cases: () =>
      lanes.flatMap((LANES) =>
        kernel.cases().map((kase) => ({
          ...kase,
          name: `${kase.name} · ${LANES} lanes`,
          overrides: { LANES },
        })),
      ),
    ...(traffic && { traffic: rowTraffic({ rows, ...traffic }) }),
  };
}

const group = lanes + sums;

export const rms_norm_group = grouped(rms_norm, group + rmsNormSource, ({ T }) => T, NORM_LANES, {
  row({ width }, t) {
    const x = (i: number) => ['x', t * width + i] as const;
    return { length: width, walks: [(i) => [x(i), x(i)], (i) => [x(i), ['weight', i]]] };
  },
  ...{ together: ['partials'], flops: 4, instructions: 9 },
});
export const layer_norm_group = grouped(layer_norm, group + layerNormSource, ({ T }) => T, NORM_LANES, {
  row({ width, heads }, t) {
    const x = (i: number) => ['x', t * width + i] as const;
    const own = (t % heads) * width;
    const last = (i: number) => [x(i), ['weight', own + i], ['bias', own + i]] as const;
    return { length: width, walks: [(i) => [x(i)], (i) => [x(i)], last] };
  },
  ...{ together: ['partials', 'partials'], flops: 8, instructions: 15 },
});

const strips = ({ R, V, strip }: { R: number; V: number; strip: number }) => R * Math.ceil(V / strip);
const LARGEST = group + groupLargest;

export const logit_strips_group = grouped(
  logit_strips,
  LARGEST + strip + logitStripsSource,
  strips,
  [GROUP_LANES],
  {
    row({ V, strip }, i) {
      const here = Math.ceil(V / strip);
      const begin = (i % here) * strip;
      const first = Math.floor(i / here) * V + begin;
      const logit = (v: number) => [['logits', first + v] as const];
      return { length: Math.min(strip, V - begin), all: logit(0), walks: [logit, logit] };
    },
    ...{ together: ['values', 'value_places', 'partials'], flops: 4, instructions: 14 },
  },
);
export const expected_gap_group = grouped(expected_gap, group + strip + expectedGapSource, strips, [
  GROUP_LANES,
]);
export const argmax_group = grouped(
  argmax,
  LARGEST + largestStrip + argmaxSource,
  ({ R }) => R,
  [GROUP_LANES],
  {
    row({ strips }, r) {
      // Of a pair only the largest is used. Two runs of floats would spare a token a kilobyte, and cost all who read
      // them a second place.
      const peak = (s: number) => [['peaks', r * strips + s] as const];
      return { length: strips, all: peak(0), walks: [peak] };
    },
    ...{ together: ['values', 'value_places'], flops: 1, instructions: 6 },
  },
);
export const logprobs_group = grouped(logprobs, LARGEST + largestStrip + logprobsSource, ({ W }) => W, [
  GROUP_LANES,
]);

export const int8_vectorwise_quant_group = grouped(
  int8_vectorwise_quant,
  float16 + division + LARGEST + int8Source,
  ({ M }) => M,
  [GROUP_LANES],
  {
    row({ M, K, threshold }, t) {
      const x = (k: number) => ['x', t * K + k] as const;
      const mask = (k: number) => ['mask', k >> 5] as const;
      const whole_columns = M > 1 && threshold > 0;
      const word = (i: number) =>
        Array.from({ length: Math.max(0, Math.min(4, K - 4 * i)) }, (_, j) => 4 * i + j).flatMap((k) =>
          whole_columns ? [mask(k), x(k)] : [x(k)],
        );
      return { length: K, walks: [(k) => [x(k)], word] };
    },
    // Each value is rounded to float16 twice, by integers.
    ...{ together: ['values', 'value_places'], flops: 2, instructions: 45 },
  },
);
export const outlier_columns_group = grouped(
  outlier_columns,
  lanes + float16 + outlierColumnsSource,
  ({ K }) => maskWords(K),
  [GROUP_LANES],
  {
    row({ M, K }, word) {
      // A token's 32 columns after the other's; the first lane keeps the word.
      const walk = (i: number): Touch[] => {
        const column = 32 * word + (i % 32);
        const x = column < K ? [['x', (i >> 5) * K + column] as const] : [];
        return i === 0 ? [...x, ['seen', word]] : x;
      };
      return { length: 32 * M, walks: [walk] };
    },
    ...{ together: [], flops: 1, instructions: 22 },
  },
);
