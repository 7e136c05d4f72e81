import { quantizeInt4Group } from '../int4_group.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** INT4 by groups of a row, as compressed-tensors rounds to the nearest. */
export type Int4GroupConfig = Config<'int4_group', 'group_size' | 'symmetric' | 'compute_dtype'>;

/** Whole numbers from -8 to 7, with a scale a group and, where asymmetric, a zero point. */
export const int4_group: Format<Int4GroupConfig, undefined> = {
  quant_type: 'int4_group',
  title: 'INT4 by group',
  knobs: { group_size: 64, symmetric: true, compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ group_size, symmetric }) => `INT4 g${group_size}${symmetric ? '' : ' · zero points'}`,
  arithmetic: () => '4-bit',
  shiftOf: ({ symmetric }) => (symmetric ? undefined : 'zero'),
  quantize: (tensor, config) => quantizeInt4Group(tensor, config),
  groupOf: ({ group_size }) => group_size,
  blocksizeOf: ({ group_size }) => group_size,
  codeBits: () => 4,
  scaleBytes: groupedScaleBytes(({ group_size, symmetric }) => ({
    size: group_size,
    bits: symmetric ? 32 : 36,
  })),
  sharedBytes: () => 0,
  saved: undefined,
  look: { hue: 'int8', shape: 'diamond', dash: 'dashed' },
};
