import type { Codebook } from '../codebook.ts';
import { quantizeSearched } from '../searched.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { fp4 } from './fp4.ts';
import { int4 } from './int4.ts';
import { nf4 } from './nf4.ts';

/** A named codebook under scales that are searched for. */
export type SearchedConfig = Config<'searched', 'codebook' | 'blocksize' | 'compute_dtype'>;

const BOOKS: Record<SearchedConfig['codebook'], Codebook> = {
  nf4: nf4.codebook,
  fp4: fp4.codebook,
  int4: int4.codebook,
};

/** A codebook's values times the block scale that loses least, in place of the block's largest magnitude. */
export const searched: Format<SearchedConfig, undefined> = {
  quant_type: 'searched',
  title: 'Searched scale',
  knobs: { codebook: 'nf4', blocksize: 64, compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ codebook, blocksize }) => `${codebook.toUpperCase()} · ${blocksize} · searched scale`,
  arithmetic: () => '4-bit',
  quantize: (tensor, { codebook, blocksize }) => quantizeSearched(tensor, BOOKS[codebook], blocksize),
  blocksizeOf: ({ blocksize }) => blocksize,
  codeBits: () => 4,
  scaleBytes: ([rows, columns], { blocksize }) => 4 * Math.ceil((rows * columns) / blocksize),
  sharedBytes: () => 64,
  saved: undefined,
  look: { hue: 'nf4', shape: 'frame', dash: 'dashed' },
};
