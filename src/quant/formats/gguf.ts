import { GGUF_BLOCKSIZE, quantizeGguf } from '../gguf.ts';
import { SUPER_BLOCKSIZE } from '../q4_k.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** The types of llama.cpp's files, made without an importance matrix. */
export type GgufConfig = Config<'gguf', 'gguf_type' | 'compute_dtype'>;

/** What 32 weights bring beside their codes: a float16 scale, a float16 minimum too, or six bits each of both. */
const BITS: Record<GgufConfig['gguf_type'], number> = { Q4_0: 16, Q4_1: 32, IQ4_NL: 16, Q4_K: 16, Q8_0: 16 };

/** One of GGUF's types for every Linear layer; llama.cpp's own files mix several. */
export const gguf: Format<GgufConfig, undefined> = {
  quant_type: 'gguf',
  title: 'GGUF',
  knobs: { gguf_type: 'Q4_0', compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ gguf_type }) => gguf_type,
  arithmetic: ({ gguf_type }) => (gguf_type === 'Q8_0' ? '8-bit' : '4-bit'),
  shiftOf: ({ gguf_type }) => (gguf_type === 'Q4_1' || gguf_type === 'Q4_K' ? 'minimum' : undefined),
  quantize: (tensor, { gguf_type }) => quantizeGguf(tensor, gguf_type),
  groupOf: ({ gguf_type }) => (gguf_type === 'Q4_K' ? SUPER_BLOCKSIZE : GGUF_BLOCKSIZE),
  blocksizeOf: () => GGUF_BLOCKSIZE,
  codeBits: ({ gguf_type }) => (gguf_type === 'Q8_0' ? 8 : 4),
  scaleBytes: groupedScaleBytes(({ gguf_type }) => ({ size: GGUF_BLOCKSIZE, bits: BITS[gguf_type] })),
  sharedBytes: ({ gguf_type }) => (gguf_type === 'IQ4_NL' ? 64 : 0),
  saved: undefined,
  look: { hue: 'ink', shape: 'square', dash: 'solid' },
};
