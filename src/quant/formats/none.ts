import type { Bare, Format } from './format.ts';

/** Weights as they are in the checkpoint. */
export type Unquantized = Bare<'none', 'compute_dtype'>;

/** Weights that stay as they are stored; their size is that of the dtype computed in. */
export const none: Format<Unquantized, undefined> = {
  quant_type: 'none',
  title: 'not quantized',
  knobs: { compute_dtype: 'float32' },
  nameOf: () => '',
  arithmetic: () => 'float',
  codeBits: ({ compute_dtype }) => (compute_dtype === 'float32' ? 32 : 16),
  scaleBytes: () => 0,
  sharedBytes: () => 0,
  saved: undefined,
  look: { hue: 'float', shape: 'bar', dash: 'solid' },
};
