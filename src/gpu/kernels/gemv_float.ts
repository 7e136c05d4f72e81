import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemv_float.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import { gemm_float } from './gemm_float.ts';
import { defineKernel } from '../device/kernel.ts';
import { gemvGrid } from './matmul.ts';

/** The same as gemm_float for the few tokens of a decoding step: one row of the weight an invocation. */
export const gemv_float = defineKernel({
  ...gemm_float,
  name: 'gemv_float',
  wgsl: rounding + stored + source,
  workgroups: gemvGrid,
});
