import { fp8Blocksize, fp8Scales, quantizeFp8 } from '../fp8.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';

/** 8-bit floats (E4M3). */
export type Fp8Config = Config<'fp8', 'scaling' | 'compute_dtype'>;

/** 8-bit floats with one float32 scale a row, a tensor, or a square of 128 rows and columns. */
export const fp8: Format<Fp8Config, undefined> = {
  quant_type: 'fp8',
  title: 'FP8',
  knobs: { scaling: 'row', compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ scaling }) => `FP8 per ${scaling === '128x128' ? '128×128' : scaling}`,
  arithmetic: () => '8-bit',
  quantize: (tensor, { scaling }) => quantizeFp8(tensor, scaling),
  groupOf: ({ scaling }) => (scaling === '128x128' ? 128 : 1),
  blocksizeOf: ({ scaling }, columns) => fp8Blocksize(scaling, columns),
  codeBits: () => 8,
  scaleBytes: (shape, { scaling }) => 4 * fp8Scales(scaling, shape),
  sharedBytes: () => 4 * 256,
  saved: undefined,
  look: { hue: 'fp4', shape: 'frame', dash: 'solid' },
};
