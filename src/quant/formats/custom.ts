import { customCodebook } from '../codebook.ts';
import { blockwise, BLOCKWISE_KNOBS, type BlockwiseConfig } from './blockwise.ts';
import type { Config, Format } from './format.ts';
import { NF4 } from './nf4.ts';

/** The user's own 16 values in [-1, 1]. */
export type CustomCodeConfig = BlockwiseConfig<'custom'> & Config<'custom', 'code'>;

/** A codebook of one's own; in the builder it begins as NF4's values to four decimals. */
export const custom: Format<CustomCodeConfig, undefined> = {
  ...blockwise<CustomCodeConfig>(({ code }) => customCodebook(code)),
  quant_type: 'custom',
  title: 'own codebook',
  knobs: { code: undefined, ...BLOCKWISE_KNOBS },
  start: { code: Array.from(NF4.code, (value) => Number(value.toFixed(4))) },
  saved: undefined,
  look: { hue: 'ink', shape: 'cross', dash: 'dash-dot' },
};
