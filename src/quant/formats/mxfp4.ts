import { MX_BLOCKSIZE, quantizeMxfp4 } from '../mxfp4.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** OCP's MXFP4; the rule by which a block's power of two follows is part of the name, since it changes every number. */
export type Mxfp4Config = Config<'mxfp4', 'scale_rule' | 'compute_dtype'>;

/** 4-bit floats in blocks of 32, each scaled by a power of two. */
export const mxfp4: Format<Mxfp4Config, undefined> = {
  quant_type: 'mxfp4',
  title: 'MXFP4',
  knobs: { scale_rule: 'even', compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ scale_rule }) => `MXFP4 · ${scale_rule}`,
  arithmetic: () => '4-bit',
  nestedScales: () => true,
  quantize: (tensor, { scale_rule }) => quantizeMxfp4(tensor, scale_rule),
  groupOf: () => MX_BLOCKSIZE,
  blocksizeOf: () => MX_BLOCKSIZE,
  codeBits: () => 4,
  scaleBytes: groupedScaleBytes(() => ({ size: MX_BLOCKSIZE, bits: 8 })),
  sharedBytes: () => 64,
  saved: undefined,
  look: { hue: 'fp4', shape: 'square', dash: 'dotted' },
};
