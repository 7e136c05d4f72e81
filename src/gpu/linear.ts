import type { ComputeDtype } from '../quant/config.ts';
import type { Commands } from './commands.ts';
import { gemm_4bit } from './gemm_4bit.ts';
import { gemm_float } from './gemm_float.ts';
import { gemm_int8 } from './gemm_int8.ts';
import { gemv_4bit } from './gemv_4bit.ts';
import { gemv_float } from './gemv_float.ts';
import { gemv_int8 } from './gemv_int8.ts';
import type { DeviceMatrix } from './matrix.ts';
import { COMPUTE_DTYPE } from './rounding.ts';
import { DTYPE } from './stored.ts';

/** From this many tokens on, a tile of eight wastes less than it saves. */
const GEMM_TOKENS = 4;

export interface LinearCall {
  /** Tokens. */
  M: number;
  /** [M, columns], already rounded to the compute dtype. */
  x: GPUBuffer;
  /** [.., stride]: written from element `offset` on. */
  y: GPUBuffer;
  bias?: GPUBuffer | undefined;
  compute_dtype: ComputeDtype;
  /** Row width of y; the matrix's rows when not given. */
  stride?: number;
  offset?: number;
}

/** y = x · matrixᵀ + bias, part by part, with the kernel that fits the storage and the number of tokens. */
export function linear(commands: Commands, matrix: DeviceMatrix, call: LinearCall): void {
  const { M, x, y, bias } = call;
  const stride = call.stride ?? matrix.rows;
  const few = M < GEMM_TOKENS;
  const overrides = { COMPUTE_DTYPE: COMPUTE_DTYPE[call.compute_dtype] };
  for (const part of matrix.parts) {
    const offset = (call.offset ?? 0) + part.first_row;
    const params = { M, N: part.rows, K: matrix.columns, stride, offset, has_bias: bias ? 1 : 0 };
    // A kernel binds something readable for what it will not read.
    const shared = { x, y, bias: bias ?? x };
    switch (part.storage) {
      case 'float': {
        const kernel = few ? gemv_float : gemm_float;
        const dtype = { ...overrides, DTYPE: DTYPE[part.dtype] };
        commands.dispatch(kernel, params, { ...shared, weight: part.weight }, dtype);
        break;
      }
      case '4bit': {
        const { packed, absmax, code, blocksize, nested } = part;
        const kernel = few ? gemv_4bit : gemm_4bit;
        const scales = { first_block: nested?.first_block ?? 0, absmax_offset: nested?.offset ?? 0 };
        const buffers = {
          packed,
          absmax,
          code,
          nested_absmax: nested?.absmax ?? x,
          nested_code: nested?.code ?? x,
        };
        commands.dispatch(
          kernel,
          { ...params, blocksize, ...scales },
          { ...shared, ...buffers },
          { ...overrides, NESTED: nested ? 1 : 0 },
        );
        break;
      }
      case 'int8': {
        const { CB, SCB, scale_stride } = part;
        const kernel = few ? gemv_int8 : gemm_int8;
        commands.dispatch(kernel, { ...params, scale_stride }, { ...shared, CB, SCB }, overrides);
        break;
      }
    }
  }
}
