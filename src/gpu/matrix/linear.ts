import type { ComputeDtype } from '../../quant/config.ts';
import type { Commands } from '../device/commands.ts';
import { COMPUTE_DTYPE } from '../kernels/rounding.ts';
import { UNFUSED, type FUSED } from '../kernels/matvec_kernel.ts';
import type { Params } from '../device/kernel.ts';
import { chooseMatmul, type Phase } from './choose.ts';
import type { Int8Input } from './int8_input.ts';
import { bindPart, type DeviceMatrix } from './matrix.ts';

export interface LinearCall {
  /** Tokens. */
  M: number;
  /** [M, columns], already rounded to the compute dtype. */
  x: GPUBuffer;
  /** [.., stride]: written from element `offset` on. */
  y: GPUBuffer;
  bias?: GPUBuffer | undefined;
  compute_dtype: ComputeDtype;
  /** The matrix's rows to use; all of them when not given. */
  rows?: readonly [begin: number, end: number];
  /** Row width of y; as many as rows are used when not given. */
  stride?: number;
  offset?: number;
  /** prefill when not given. */
  phase?: Phase;
  /** Add to y instead of overwriting it; not under LLM.int8(). */
  accumulate?: boolean;
  /** What the matvec does beside multiplying; for decoding alone, and a matrix in one part where it is gated. */
  fused?: Partial<Params<typeof FUSED>>;
  /** The bias, and from vec4 `norm_at` on the parameters of a norm. */
  vectors?: GPUBuffer | undefined;
  /** Activations as LLM.int8() needs them, made by quantizeInput. */
  int8?: Int8Input;
}

/** y = x · matrixᵀ + bias, part by part, with the kernel that fits the storage and the number of tokens. */
export function linear(commands: Commands, matrix: DeviceMatrix, call: LinearCall): void {
  const { M, x, y, bias, compute_dtype, accumulate, int8 } = call;
  const [begin, end] = call.rows ?? [0, matrix.rows];
  for (const part of matrix.parts) {
    const from = Math.max(begin, part.first_row);
    const to = Math.min(end, part.first_row + part.rows);
    if (from >= to) continue;
    const { params, buffers, overrides } = bindPart(part, int8);
    const place = {
      M,
      N: to - from,
      K: matrix.columns,
      first_row: from - part.first_row,
      stride: call.stride ?? end - begin,
      offset: (call.offset ?? 0) + from - begin,
      has_bias: bias ? 1 : 0,
      bias_row: from,
      accumulate: accumulate ? 1 : 0,
      ...UNFUSED,
      ...call.fused,
    };
    commands.dispatch(
      chooseMatmul(commands.gpu, part.storage, call.phase ?? 'prefill', place),
      { ...place, ...params },
      // A kernel binds something readable for what it will not read.
      { x, y, bias: call.vectors ?? bias ?? x, ...buffers },
      { COMPUTE_DTYPE: COMPUTE_DTYPE[compute_dtype], ...overrides },
    );
  }
}
