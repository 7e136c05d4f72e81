import { GGUF_BLOCKSIZE, quantizeGguf, type GgufType } from '../gguf.ts';
import { SUPER_BLOCKSIZE } from '../q4_k.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** The types of llama.cpp's files; those made here are made without an importance matrix. */
export type GgufConfig = Config<'gguf', 'gguf_type' | 'compute_dtype'>;

/** A type as it lies in a file and on the device. */
interface Type {
  codeBits: number;
  /** Weights that share a scale, and bits of it beside their codes, of a minimum too. */
  run: number;
  bits: number;
  /** Weights of a block in the file. */
  block: number;
  minimum?: true;
  arithmetic?: '8-bit';
  nested?: true;
}

const BLOCK = { run: GGUF_BLOCKSIZE, block: GGUF_BLOCKSIZE };
const SUPER = { run: GGUF_BLOCKSIZE, block: SUPER_BLOCKSIZE };

const TYPES: Readonly<Record<GgufConfig['gguf_type'], Type>> = {
  Q4_0: { ...BLOCK, codeBits: 4, bits: 16 },
  Q4_1: { ...BLOCK, codeBits: 4, bits: 32, minimum: true },
  IQ4_NL: { ...BLOCK, codeBits: 4, bits: 16 },
  Q4_K: { ...SUPER, codeBits: 4, bits: 16, minimum: true },
  Q8_0: { ...BLOCK, codeBits: 8, bits: 16, arithmetic: '8-bit' },
  Q5_0: { ...BLOCK, codeBits: 5, bits: 16, arithmetic: '8-bit' },
  Q6_K: { run: 16, block: SUPER_BLOCKSIZE, codeBits: 6, bits: 9, arithmetic: '8-bit' },
  IQ4_XS: { ...SUPER, codeBits: 4, bits: 8 },
  MXFP4: { ...BLOCK, codeBits: 4, bits: 8, nested: true },
};

/** The types that are made here; files come in others. */
export const MADE_TYPES: readonly GgufType[] = ['Q4_0', 'Q4_1', 'IQ4_NL', 'Q4_K', 'Q8_0'];

/** One of GGUF's types for every Linear layer; llama.cpp's own files mix several. */
export const gguf: Format<GgufConfig, undefined> = {
  quant_type: 'gguf',
  title: 'GGUF',
  knobs: { gguf_type: 'Q4_0', compute_dtype: 'float32', ...NO_EXCEPTIONS },
  choices: { gguf_type: MADE_TYPES },
  nameOf: ({ gguf_type }) => gguf_type,
  arithmetic: ({ gguf_type }) => TYPES[gguf_type].arithmetic ?? '4-bit',
  nestedScales: ({ gguf_type }) => TYPES[gguf_type].nested === true,
  shiftOf: ({ gguf_type }) => (TYPES[gguf_type].minimum ? 'minimum' : undefined),
  quantize: (tensor, { gguf_type }) => quantizeGguf(tensor, gguf_type as GgufType),
  groupOf: ({ gguf_type }) => TYPES[gguf_type].block,
  blocksizeOf: ({ gguf_type }) => TYPES[gguf_type].run,
  codeBits: ({ gguf_type }) => TYPES[gguf_type].codeBits,
  scaleBytes: groupedScaleBytes(({ gguf_type }) => ({
    size: TYPES[gguf_type].run,
    bits: TYPES[gguf_type].bits,
  })),
  sharedBytes: ({ gguf_type }) => (gguf_type === 'IQ4_NL' || gguf_type === 'IQ4_XS' ? 64 : 0),
  saved: undefined,
  look: { hue: 'ink', shape: 'square', dash: 'solid' },
};
