import { NV_BLOCKSIZE, quantizeNvfp4 } from '../nvfp4.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** NVIDIA's NVFP4, in torchao's order of operations. */
export type Nvfp4Config = Config<'nvfp4', 'compute_dtype'>;

/** 4-bit floats in blocks of 16, each scaled by an 8-bit float, and all of them by one float32. */
export const nvfp4: Format<Nvfp4Config, undefined> = {
  quant_type: 'nvfp4',
  title: 'NVFP4',
  knobs: { compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: () => 'NVFP4',
  arithmetic: () => '4-bit',
  nestedScales: () => true,
  quantize: (tensor) => quantizeNvfp4(tensor),
  groupOf: () => NV_BLOCKSIZE,
  blocksizeOf: () => NV_BLOCKSIZE,
  codeBits: () => 4,
  scaleBytes: (shape, config) =>
    4 + groupedScaleBytes(() => ({ size: NV_BLOCKSIZE, bits: 8 }))(shape, config),
  sharedBytes: () => 64,
  saved: undefined,
  look: { hue: 'fp4', shape: 'triangle', dash: 'dash-dot' },
};
