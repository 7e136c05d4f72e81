import { quantizeInt8 } from '../int8.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';

/** 8-bit absmax integers, one scale per row or one per tensor. */
export type Int8Config = Config<'int8', 'granularity' | 'compute_dtype'>;

/** INT8 weights, computed with as floats. */
export const int8: Format<Int8Config, undefined> = {
  quant_type: 'int8',
  title: 'INT8',
  knobs: { granularity: 'row', compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ granularity }) => `INT8 per ${granularity}`,
  arithmetic: () => 'int8',
  quantize: (tensor, { granularity }) => quantizeInt8(tensor, granularity),
  codeBits: () => 8,
  scaleBytes: ([rows], { granularity }) => 4 * (granularity === 'tensor' ? 1 : rows),
  sharedBytes: () => 0,
  saved: undefined,
  look: { hue: 'int8', shape: 'square', dash: 'dotted' },
};
