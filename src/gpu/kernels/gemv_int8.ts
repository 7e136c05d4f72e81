import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemv_int8.wgsl?raw';
import { gemm_int8 } from './gemm_int8.ts';
import { defineKernel } from '../device/kernel.ts';
import { gemvGrid } from './matmul.ts';

/** The same as gemm_int8 for the few tokens of a decoding step: one row of the weight an invocation. */
export const gemv_int8 = defineKernel({
  ...gemm_int8,
  name: 'gemv_int8',
  wgsl: rounding + source,
  workgroups: gemvGrid,
});
