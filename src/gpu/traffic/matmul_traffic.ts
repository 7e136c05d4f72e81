import type { MatmulParams, Weights } from '../kernels/matmul.ts';
import type { Overrides, Params, ParamTypes } from '../device/kernel.ts';
import { COMPUTE_DTYPE } from '../kernels/rounding.ts';
import type { Traffic } from './predict.ts';
import { collect, type Collector, type Touch, type Touched } from './touched.ts';

/** What the functions of a storage's prelude read, as its text says. */
export interface WeightTouches {
  /** Weights of a step. */
  step: number;
  prepare(lane: number): readonly Touch[];
  row_at(n: number): readonly Touch[];
  /** Step k of row n. */
  step_of(n: number, k: number): readonly Touch[];
  /** Weight k of row n, where rows begin within a step. */
  weight_of(n: number, k: number): readonly Touch[];
  /** Instructions that decode a weight, its rounding aside, and reads of workgroup memory. */
  instructions: number;
  shared_reads: number;
  loads: LoadTouches;
}

/** What the same decoding reads where it takes 16 bytes at a time. */
export interface LoadTouches {
  /** Weights of a load; 0 where rows do not begin with one. */
  size: number;
  /** The array that is read so, and how many of its elements elsewhere are one of them. */
  array: string;
  per: number;
  prepare(lane: number): readonly Touch[];
  /** Load k of row n. */
  load_of(n: number, k: number): readonly Touch[];
  instructions: number;
  shared_reads: number;
}

/** What a form of the matmul reads, whatever the storage. */
export interface FormTraffic {
  lanes: number;
  walk(shape: MatmulParams, weights: WeightTouches, group: readonly [number, number], into: Collector): void;
  /** How many times a weight is decoded. */
  decodes(shape: MatmulParams): number;
  /** Weights of a row that are decoded by steps and by loads, those among them that lanes without any wait for. */
  slots?(shape: MatmulParams, weights: WeightTouches): { steps: number; loads: number };
  /** Instructions beside decoding and products, and reads of workgroup memory, for each product. */
  instructions: number;
  shared_reads: number;
}

/** Instructions that round a value by integers, to each compute dtype. */
const ROUNDING = { [COMPUTE_DTYPE.float32]: 0, [COMPUTE_DTYPE.float16]: 15, [COMPUTE_DTYPE.bfloat16]: 4 };

/** The traffic of a form over a storage, which multiplies so many rows of the weight: N, where each is a result. */
export function matmulTraffic(
  form: FormTraffic,
  weights: Pick<Weights, 'touches'>,
  rows: (shape: MatmulParams) => number = ({ N }) => N,
): Traffic {
  const multiplied = (params: Params<ParamTypes>): MatmulParams => {
    const shape = params as MatmulParams;
    return { ...shape, N: rows(shape) };
  };
  const slotsOf = (shape: MatmulParams, params: Params<ParamTypes>, overrides: Overrides) => {
    const touches = weights.touches({ ...params, K: shape.K }, overrides);
    return { touches, ...(form.slots?.(shape, touches) ?? { steps: shape.K, loads: 0 }) };
  };
  return {
    touched(params, overrides, group): Touched {
      const into = collect(form.lanes);
      const shape = params as MatmulParams;
      form.walk(shape, weights.touches({ ...params, K: shape.K }, overrides), group, into);
      return into.touched;
    },
    flops: (params) => 2 * products(multiplied(params)),
    instructions(params, overrides) {
      const shape = multiplied(params);
      const { steps, loads, touches } = slotsOf(shape, params, overrides);
      const rounding = ROUNDING[overrides.COMPUTE_DTYPE ?? 0]!;
      const beside =
        rounding + (1 + form.instructions) * (products(shape) / (shape.N * shape.K * form.decodes(shape)));
      const decoding =
        steps * (touches.instructions + beside) + loads * (touches.loads.instructions + beside);
      return shape.N * form.decodes(shape) * decoding;
    },
    shared_reads(params, overrides) {
      const shape = multiplied(params);
      const { steps, loads, touches } = slotsOf(shape, params, overrides);
      const decoding = steps * touches.shared_reads + loads * touches.loads.shared_reads;
      return shape.N * form.decodes(shape) * decoding + products(shape) * form.shared_reads;
    },
  };
}

const products = ({ M, N, K }: MatmulParams): number => M * N * K;
