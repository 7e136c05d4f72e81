import { quantizeBlockwise } from '../../../quant/blockwise.ts';
import { makeCodebook, type Codebook } from '../../../quant/codebook.ts';
import { CODEBOOKS, type NamedCodebook } from '../../../quant/config.ts';
import { E2M1 } from '../../../quant/e2m1.ts';
import { E4M3 } from '../../../quant/e4m3.ts';
import { GGUF_BLOCKSIZE, quantizeGguf } from '../../../quant/gguf.ts';
import { IQ4_NL } from '../../../quant/iq4_nl.ts';
import { MX_BLOCKSIZE, quantizeMxfp4, type ScaleRule } from '../../../quant/mxfp4.ts';
import { NV_BLOCKSIZE, quantizeNvfp4 } from '../../../quant/nvfp4.ts';
import type { Blockwise4bit } from '../../../quant/quantized.ts';
import { E8M0, type Scales } from '../../../quant/scales.ts';
import { quantizeSearched } from '../../../quant/searched.ts';
import type { Tensor } from '../../../tensor/tensor.ts';

/** A way to choose a block's scale: its name, and the tensor as it stores it. */
export interface Rule {
  name: string;
  quantize: (tensor: Tensor) => Blockwise4bit;
}

/** Codes under a scale, and the rules by which tools choose that scale. */
export interface ScaleChoice {
  label: string;
  /** One or two sentences on what the scale may be. */
  about: string;
  blocksize: number;
  book: Codebook<string>;
  rules: readonly Rule[];
  /** The scales that can be stored at all, where these are few. */
  stored?: (scales: Scales) => readonly number[];
  /** A scale may be negative: of a code whose two sides differ, either may take the largest weight. */
  signed?: true;
}

/** Blocks of the named codebooks, as long as those of the formats beside them. */
const BLOCKSIZE = 32;

const named = (book: NamedCodebook): ScaleChoice => ({
  label: book.toUpperCase(),
  about:
    'The scale is a float32, so it may be anything. Usually it is absmax; a search tries 31 scales from there down to half of it, and keeps the one with the least squared error.',
  blocksize: BLOCKSIZE,
  book: CODEBOOKS[book],
  rules: [
    { name: 'absmax', quantize: (tensor) => quantizeBlockwise(tensor, CODEBOOKS[book], BLOCKSIZE) },
    { name: 'searched', quantize: (tensor) => quantizeSearched(tensor, CODEBOOKS[book], BLOCKSIZE) },
  ],
});

const RULES: readonly ScaleRule[] = ['floor', 'even', 'ceil', 'rceil'];

const mxfp4: ScaleChoice = {
  label: 'MXFP4',
  about:
    'The scale is a power of two, one byte for 32 weights. Tools differ in which one they take: under floor, the rule of the standard, the largest weights are often cut off; under ceil and rceil none is, and all others lie further apart.',
  blocksize: MX_BLOCKSIZE,
  book: makeCodebook('mxfp4', [...E2M1]),
  rules: RULES.map((name) => ({ name, quantize: (tensor) => quantizeMxfp4(tensor, name) })),
  stored: () => [...E8M0.subarray(0, 255)],
};

const nvfp4: ScaleChoice = {
  label: 'NVFP4',
  about:
    'The same sixteen values in blocks of 16. The scale is an 8-bit float (E4M3: eight steps from one power of two to the next) times one float32 of the whole tensor, so it comes close to absmax ÷ 6.',
  blocksize: NV_BLOCKSIZE,
  book: makeCodebook('nvfp4', [...E2M1]),
  rules: [{ name: 'nearest to absmax', quantize: quantizeNvfp4 }],
  stored: (scales) =>
    scales.kind === 'e4m3' ? [...E4M3.subarray(1, 127)].map((value) => value * scales.tensor_scale) : [],
};

const iq4_nl: ScaleChoice = {
  label: 'IQ4_NL',
  about:
    'Sixteen whole numbers from −127 to 113, spaced much as NF4’s are; none of them is 0. llama.cpp tries 16 scales, refits each to the weights, and lets large weights count for more. The scale may be negative, which swaps the two sides.',
  blocksize: GGUF_BLOCKSIZE,
  book: makeCodebook('iq4_nl', [...IQ4_NL]),
  rules: [{ name: 'fitted', quantize: (tensor) => quantizeGguf(tensor, 'IQ4_NL') as Blockwise4bit }],
  signed: true,
};

/** Codes whose scale can be chosen here, by their name in the address. */
export const SCALE_CHOICES = {
  mxfp4,
  nvfp4,
  iq4_nl,
  nf4: named('nf4'),
  fp4: named('fp4'),
  int4: named('int4'),
} satisfies Record<string, ScaleChoice>;

export type ScaleChoiceName = keyof typeof SCALE_CHOICES;
