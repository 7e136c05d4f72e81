import type { ComputeDtype } from '../../quant/config.ts';
import type { Commands } from '../device/commands.ts';
import { gemm_4bit } from '../kernels/gemm_4bit.ts';
import { gemm_float } from '../kernels/gemm_float.ts';
import { gemm_int8 } from '../kernels/gemm_int8.ts';
import { gemv_4bit } from '../kernels/gemv_4bit.ts';
import { gemv_float } from '../kernels/gemv_float.ts';
import { gemv_int8 } from '../kernels/gemv_int8.ts';
import { gemm_llm_int8, gemm_llm_int8_packed } from '../kernels/gemm_llm_int8.ts';
import type { Int8Input } from './int8_input.ts';
import type { MatmulParams } from '../kernels/matmul.ts';
import type { DeviceMatrix, MatrixPart } from './matrix.ts';
import { COMPUTE_DTYPE } from '../kernels/rounding.ts';
import { DTYPE } from '../kernels/stored.ts';

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
  /** The matrix's rows to use; all of them when not given. */
  rows?: readonly [begin: number, end: number];
  /** Row width of y; as many as rows are used when not given. */
  stride?: number;
  offset?: number;
  /** Add to y instead of overwriting it; only for float matrices. */
  accumulate?: boolean;
  /** Activations as LLM.int8() needs them, made by quantizeInput. */
  int8?: Int8Input;
}

/** y = x · matrixᵀ + bias, part by part, with the kernel that fits the storage and the number of tokens. */
export function linear(commands: Commands, matrix: DeviceMatrix, call: LinearCall): void {
  const [begin, end] = call.rows ?? [0, matrix.rows];
  for (const part of matrix.parts) {
    const from = Math.max(begin, part.first_row);
    const to = Math.min(end, part.first_row + part.rows);
    if (from >= to) continue;
    multiplyPart(commands, part, call, {
      M: call.M,
      N: to - from,
      K: matrix.columns,
      first_row: from - part.first_row,
      stride: call.stride ?? end - begin,
      offset: (call.offset ?? 0) + from - begin,
      has_bias: call.bias ? 1 : 0,
      bias_row: from,
    });
  }
}

function multiplyPart(commands: Commands, part: MatrixPart, call: LinearCall, params: MatmulParams): void {
  const { x, y, compute_dtype, accumulate, int8 } = call;
  const few = params.M < GEMM_TOKENS;
  const overrides = { COMPUTE_DTYPE: COMPUTE_DTYPE[compute_dtype] };
  // A kernel binds something readable for what it will not read.
  const shared = { x, y, bias: call.bias ?? x };
  switch (part.storage) {
    case 'float': {
      const kernel = few ? gemv_float : gemm_float;
      const dtype = { ...overrides, DTYPE: DTYPE[part.dtype] };
      const sum = { ...params, accumulate: accumulate ? 1 : 0 };
      commands.dispatch(kernel, sum, { ...shared, weight: part.weight }, dtype);
      break;
    }
    case '4bit': {
      const { packed, absmax, code, blocksize, nested } = part;
      const kernel = few ? gemv_4bit : gemm_4bit;
      const scales = { first_block: nested?.first_block ?? 0, absmax_offset: nested?.offset ?? 0 };
      const nesting = { nested_absmax: nested?.absmax ?? x, nested_code: nested?.code ?? x };
      commands.dispatch(
        kernel,
        { ...params, blocksize, ...scales },
        { ...shared, packed, absmax, code, ...nesting },
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
    case 'llm_int8': {
      const { CB, SCB } = part;
      const { mask, CA, SCA, threshold, packed } = int8!;
      const kernel = packed ? gemm_llm_int8_packed : gemm_llm_int8;
      commands.dispatch(kernel, { ...params, threshold }, { ...shared, mask, CA, SCA, CB, SCB }, overrides);
      break;
    }
  }
}
