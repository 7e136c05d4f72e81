import type { MatmulParams, Weights } from '../kernels/matmul.ts';
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
}

/** What a form of the matmul reads, whatever the storage. */
export interface FormTraffic {
  lanes: number;
  walk(shape: MatmulParams, weights: WeightTouches, group: readonly [number, number], into: Collector): void;
  /** How many times a weight is decoded. */
  decodes(shape: MatmulParams): number;
  /** Instructions beside decoding and products, and reads of workgroup memory, for each product. */
  instructions: number;
  shared_reads: number;
}

/** Instructions that round a value to 16 bits by integers. */
const ROUNDING = 15;

/** The traffic of a form over a storage. */
export const matmulTraffic = (form: FormTraffic, weights: Pick<Weights, 'touches'>): Traffic => ({
  touched(params, overrides, group): Touched {
    const into = collect(form.lanes);
    const shape = params as MatmulParams;
    form.walk(shape, weights.touches({ ...params, K: shape.K }, overrides), group, into);
    return into.touched;
  },
  flops: (params) => 2 * products(params as MatmulParams),
  instructions(params, overrides) {
    const shape = params as MatmulParams;
    const { instructions } = weights.touches({ ...params, K: shape.K }, overrides);
    const rounding = overrides.COMPUTE_DTYPE ? ROUNDING : 0;
    const decoding = shape.N * shape.K * form.decodes(shape) * (instructions + rounding);
    return decoding + products(shape) * (1 + form.instructions);
  },
  shared_reads(params, overrides) {
    const shape = params as MatmulParams;
    const { shared_reads } = weights.touches({ ...params, K: shape.K }, overrides);
    return shape.N * shape.K * form.decodes(shape) * shared_reads + products(shape) * form.shared_reads;
  },
});

const products = ({ M, N, K }: MatmulParams): number => M * N * K;
