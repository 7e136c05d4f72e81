import type { Tensor } from '../../tensor/tensor.ts';
import { roundToF16 } from '../../tensor/dtype.ts';
import type { PlainBlockwise4bit } from '../quantized.ts';
import { packGroups } from '../saved/groups.ts';
import { inverseFactor } from './cholesky.ts';
import type { InputStatistics } from './statistics.ts';

/** GPTQ's settings, by the names of its own config. */
export interface GptqOptions {
  /** Weights of a row that share a scale; -1 for the whole row. */
  group_size: number;
  symmetric: boolean;
  /** Columns with large inputs first. */
  desc_act: boolean;
  /** Scales from the original weights, so that groups stay in their place whatever the order. */
  static_groups: boolean;
  /** Added to the diagonal, as a share of its mean. */
  damp: number;
}

/**
 * Columns whose errors reach the columns behind them together. It is part of the algorithm: the scales of a group inside
 * a block are those of its weights before the block's errors reach them, and 64 in its place moves every tenth code.
 */
const BLOCK = 128;

/** What is added to the damping where the matrix has no Cholesky factor. */
const MORE_DAMPING = 0.01;

/** A row's groups, [groups of a row]. */
interface RowGrid {
  scale: Float64Array;
  zero: Float64Array;
}

/** Numbers of a matrix. */
export type Floats = Float64Array | Float32Array<ArrayBuffer>;

/** Where the two steps are computed that take long: by the CPU, or by something faster and less exact. */
export interface GptqArithmetic {
  /**
   * The upper U [n, n] with UᵀU = H⁻¹, of what is filled in.
   * @returns undefined where H is not positive definite
   */
  inverseFactor(n: number, fill: (H: Floats) => void): Promise<Floats | undefined>;
  /** Puts errors of rows right in the columns behind: W[:, end:] -= errors · U[begin:end, end:]. */
  passOn(step: PassOn): Promise<void>;
}

/** What a block of columns leaves to those behind it. */
export interface PassOn {
  /** [rows, columns] */
  W: Float64Array;
  /** [rows, end - begin] */
  errors: Float64Array;
  /** [columns, columns] */
  U: Floats;
  columns: number;
  begin: number;
  end: number;
}

/**
 * In float64 on the CPU.
 * @param turn is waited for now and then: to be stopped, say
 */
export const onCpu = (turn: () => Promise<void>): GptqArithmetic => ({
  inverseFactor(n, fill) {
    const H = new Float64Array(n * n);
    fill(H);
    return inverseFactor(H, n, turn);
  },
  passOn({ W, errors, U, columns, begin, end }) {
    const width = end - begin;
    for (let row = 0; row * columns < W.length; row++) {
      const own = W.subarray(row * columns, (row + 1) * columns);
      passOnRow(own, errors.subarray(row * width, (row + 1) * width), U, begin, end);
    }
    return Promise.resolve();
  },
});

/** Puts the errors of a row's block right in the columns behind it, four at a time: they are read and written once. */
function passOnRow(W: Float64Array, errors: Float64Array, U: Floats, begin: number, end: number): void {
  const columns = W.length;
  let i = begin;
  for (; i + 4 <= end; i += 4) {
    const [e0, e1, e2, e3] = [0, 1, 2, 3].map((k) => errors[i + k - begin]!) as [
      number,
      number,
      number,
      number,
    ];
    const [u0, u1, u2, u3] = [0, 1, 2, 3].map((k) => (i + k) * columns) as [number, number, number, number];
    for (let j = end; j < columns; j++) {
      W[j] = W[j]! - e0 * U[u0 + j]! - e1 * U[u1 + j]! - e2 * U[u2 + j]! - e3 * U[u3 + j]!;
    }
  }
  for (; i < end; i++) {
    const error = errors[i - begin]!;
    const at = i * columns;
    for (let j = end; j < columns; j++) W[j]! -= error * U[at + j]!;
  }
}

/**
 * Quantizes rows [rows, columns] one column after the other, each column's error put right in the columns behind it by
 * what is known of the inputs (Frantar et al. 2022, GPTQ): `quantizeGptq(weights, statistics, options)`. The steps and
 * their order are gptqmodel's (quantization/gptq.py), in float64 on the CPU; scales are stored in float16, zero points in
 * 4 bits. With `desc_act` and without `static_groups` the codes stand in the order they were made in, and `order` says in
 * which.
 */
export async function quantizeGptq(
  weights: Tensor,
  statistics: InputStatistics,
  options: GptqOptions,
  arithmetic: GptqArithmetic = onCpu(() => Promise.resolve()),
): Promise<PlainBlockwise4bit> {
  const factor = await gptqFactor(statistics, options, arithmetic);
  const quantizer = gptqQuantizer(weights, factor, options, arithmetic);
  await quantizer.rows(0, weights.shape[0]!);
  return quantizer.finish();
}

/** The same some rows at a time: rows do not depend on one another, and a worker wants to hear of "stop" between them. */
export function gptqQuantizer(
  { data, shape }: Tensor,
  { order, U, dead }: GptqFactor,
  options: GptqOptions,
  arithmetic: GptqArithmetic,
) {
  const [rows, columns] = shape as [number, number];
  const { symmetric, desc_act, static_groups } = options;
  const group = options.group_size === -1 ? columns : options.group_size;
  const groups = Math.ceil(columns / group);
  const scattered = desc_act && !static_groups && groups > 1;
  const codes = new Uint8Array(rows * columns);
  const scales = new Float32Array(rows * groups);
  const zeros = new Float32Array(rows * groups);
  const own = new Float64Array(BLOCK);

  /** The grid of a row, whose groups are fitted as their columns come, or all at once to what they were. */
  function gridOf(n: number): RowGrid {
    const grid: RowGrid = { scale: new Float64Array(groups), zero: new Float64Array(groups) };
    if (static_groups) {
      const original = data.subarray(n * columns, (n + 1) * columns);
      const whole = Float64Array.from(original, (weight, column) => (dead[column] ? 0 : weight));
      for (let g = 0; g < groups; g++) fit(grid, g, whole.subarray(g * group, (g + 1) * group), symmetric);
    }
    return grid;
  }

  /** Columns `begin` to `end` - 1 of row n, whose weights W stand in the order they are quantized in. */
  function quantizeBlock(
    n: number,
    { W, grid, errors }: { W: Float64Array; grid: RowGrid; errors: Float64Array },
    begin: number,
    end: number,
  ): void {
    own.set(W.subarray(begin, end));
    for (let i = begin; i < end; i++) {
      const g = Math.floor((static_groups ? order[i]! : i) / group);
      if (!static_groups && i % group === 0) fit(grid, g, W.subarray(i, i + group), symmetric);
      const [scale, zero] = [grid.scale[g]!, grid.zero[g]!];
      const w = own[i - begin]!;
      const code = Math.max(0, Math.min(15, rint(w / scale) + zero));
      codes[n * columns + (scattered ? i : order[i]!)] = code;
      const error = (w - scale * (code - zero)) / U[i * columns + i]!;
      errors[i - begin] = error;
      const at = i * columns;
      for (let j = i + 1; j < end; j++) own[j - begin]! -= error * U[at + j]!;
    }
  }

  return {
    /** Quantizes rows `first` to `last` - 1. */
    async rows(first: number, last: number): Promise<void> {
      const W = new Float64Array((last - first) * columns);
      const grids: RowGrid[] = [];
      for (let n = first; n < last; n++) {
        const at = (n - first) * columns;
        order.forEach((column, i) => (W[at + i] = dead[column] ? 0 : data[n * columns + column]!));
        grids.push(gridOf(n));
      }
      for (let begin = 0; begin < columns; begin += BLOCK) {
        const end = Math.min(begin + BLOCK, columns);
        const errors = new Float64Array((last - first) * (end - begin));
        grids.forEach((grid, row) => {
          const state = {
            W: W.subarray(row * columns, (row + 1) * columns),
            ...{ grid, errors: errors.subarray(row * (end - begin), (row + 1) * (end - begin)) },
          };
          quantizeBlock(first + row, state, begin, end);
        });
        if (end < columns) await arithmetic.passOn({ W, errors, U, columns, begin, end });
      }
      grids.forEach(({ scale, zero }, row) => {
        scales.set(scale.map(roundToF16), (first + row) * groups);
        zeros.set(zero, (first + row) * groups);
      });
    },
    finish: (): PlainBlockwise4bit =>
      packGroups({
        quant_type: 'gptq',
        shape: [rows, columns],
        group_size: group,
        codes,
        scales,
        zeros: zeros.every((zero) => zero === 8) ? undefined : zeros,
        bits: { scale: 16, zero: 4 },
        ...(scattered && { order: Uint32Array.from(order) }),
      }),
  };
}

/** What GPTQ makes of the statistics of an input once, for all layers that read it. */
export interface GptqFactor {
  /** [columns] Which column comes first, second, … */
  order: Uint32Array;
  /** [columns, columns] The upper factor of the damped inverse, in that order. */
  U: Floats;
  /** [columns] 1 of columns without any input. */
  dead: Uint8Array;
}

/** The order of columns, and in that order the factor of the damped inverse. */
export async function gptqFactor(
  { columns, gram }: InputStatistics,
  { desc_act, damp }: Pick<GptqOptions, 'desc_act' | 'damp'>,
  arithmetic: Pick<GptqArithmetic, 'inverseFactor'>,
): Promise<GptqFactor> {
  const dead = Uint8Array.from({ length: columns }, (_, i) => (gram[i * columns + i] === 0 ? 1 : 0));
  const diagonal = Float64Array.from({ length: columns }, (_, i) => (dead[i] ? 1 : gram[i * columns + i]!));
  const order = Uint32Array.from({ length: columns }, (_, i) => i);
  if (desc_act) order.sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const mean = diagonal.reduce((sum, value) => sum + value, 0) / columns;
  const fill = (damping: number) => (H: Floats) => {
    for (let i = 0; i < columns; i++) {
      const from = order[i]! * columns;
      for (let j = 0; j < columns; j++) H[i * columns + j] = gram[from + order[j]!]!;
      H[i * columns + i] = diagonal[order[i]!]! + damping * mean;
    }
  };
  for (let damping = damp; ; damping += MORE_DAMPING) {
    const U = await arithmetic.inverseFactor(columns, fill(damping));
    if (U) return { order, U, dead };
  }
}

/** Scale and zero point of a group; a symmetric one without a negative weight spans half, as the reference's does. */
function fit({ scale, zero }: RowGrid, g: number, weights: Float64Array, symmetric: boolean): void {
  let [low, high] = [0, 0];
  for (const weight of weights) {
    if (weight < low) low = weight;
    if (weight > high) high = weight;
  }
  if (symmetric) {
    high = Math.max(-low, high);
    if (low < 0) low = -high;
  }
  if (low === 0 && high === 0) [low, high] = [-1, 1];
  scale[g] = (high - low) / 15;
  zero[g] = symmetric ? 8 : rint(-low / scale[g]);
}

/** The nearest integer, ties to the even one. */
function rint(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
