import { quantizeHqq } from '../hqq.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** Half-quadratic quantization along rows, as transformers asks for it (axis 1). */
export type HqqConfig = Config<'hqq', 'group_size' | 'compute_dtype'>;

/** Sixteen even steps a group, whose zero point is searched for without any data. */
export const hqq: Format<HqqConfig, undefined> = {
  quant_type: 'hqq',
  title: 'HQQ',
  knobs: { group_size: 64, compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ group_size }) => `HQQ · ${group_size}`,
  arithmetic: () => '4-bit',
  shiftOf: () => 'zero',
  quantize: (tensor, { group_size }) => quantizeHqq(tensor, group_size),
  groupOf: ({ group_size }) => group_size,
  blocksizeOf: ({ group_size }) => group_size,
  codeBits: () => 4,
  // Scale and zero are kept in the dtype computed in: float32 here.
  scaleBytes: groupedScaleBytes(({ group_size }) => ({ size: group_size, bits: 64 })),
  sharedBytes: () => 0,
  saved: undefined,
  look: { hue: 'nf4', shape: 'cross', dash: 'dash-dot' },
};
