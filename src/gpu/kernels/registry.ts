import { add } from './add.ts';
import { argmax } from './argmax.ts';
import { attention } from './attention.ts';
import { cast } from './cast.ts';
import { dequantize_4bit } from './dequantize_4bit.ts';
import { embedding } from './embedding.ts';
import { error_sums } from './error_sums.ts';
import { expected_gap } from './expected_gap.ts';
import { gelu_new } from './gelu_new.ts';
import { gemm_4bit } from './gemm_4bit.ts';
import { gemm_float } from './gemm_float.ts';
import { gemm_int8 } from './gemm_int8.ts';
import { gemm_llm_int8, gemm_llm_int8_packed } from './gemm_llm_int8.ts';
import { gemv_4bit } from './gemv_4bit.ts';
import { gemv_float } from './gemv_float.ts';
import { gemv_int8 } from './gemv_int8.ts';
import { int8_vectorwise_quant } from './int8_vectorwise_quant.ts';
import type { Gpu } from '../device/device.ts';
import type { Kernel } from '../device/kernel.ts';
import { layer_norm } from './layer_norm.ts';
import { logit_strips } from './logit_strips.ts';
import { logprobs } from './logprobs.ts';
import { outlier_columns } from './outlier_columns.ts';
import { quantize_4bit } from './quantize_4bit.ts';
import { rms_norm } from './rms_norm.ts';
import { rope } from './rope.ts';
import { scaled_histogram } from './scaled_histogram.ts';
import { silu_mul } from './silu_mul.ts';

/** Every kernel; the tests, the self-check and the benchmark walk this list. Adding a kernel is one line here. */
export const KERNELS = [
  quantize_4bit,
  dequantize_4bit,
  scaled_histogram,
  error_sums,
  gemv_4bit,
  gemm_4bit,
  gemv_int8,
  gemm_int8,
  outlier_columns,
  int8_vectorwise_quant,
  gemm_llm_int8,
  gemm_llm_int8_packed,
  gemv_float,
  gemm_float,
  embedding,
  rms_norm,
  layer_norm,
  rope,
  attention,
  silu_mul,
  gelu_new,
  add,
  cast,
  logit_strips,
  logprobs,
  expected_gap,
  argmax,
] as unknown as readonly Kernel[];

/** The kernels this browser can compile. */
export const kernelsFor = ({ adapter }: Gpu): readonly Kernel[] =>
  KERNELS.filter(({ requires }) => !requires || adapter.language_features.includes(requires));
