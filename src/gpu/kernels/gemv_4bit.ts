import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/gemv_4bit.wgsl?raw';
import { gemm_4bit } from './gemm_4bit.ts';
import { defineKernel } from '../device/kernel.ts';
import { gemvGrid } from './matmul.ts';

/** The same as gemm_4bit for the few tokens of a decoding step: one row of the weight an invocation. */
export const gemv_4bit = defineKernel({
  ...gemm_4bit,
  name: 'gemv_4bit',
  wgsl: rounding + source,
  workgroups: gemvGrid,
});
