import { roundToF16 } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { rangeOf, signedMax } from './absmax.ts';
import { ruler } from './codebook.ts';
import { packNibbles } from './pack.ts';
import { iq4_nl, IQ4_NL } from './iq4_nl.ts';
import { q4_k } from './q4_k.ts';
import type { Blockwise4bit, ByteCodes } from './quantized.ts';

const { fround } = Math;

/** Consecutive weights of a row that share a scale. */
export const GGUF_BLOCKSIZE = 32;

/** A block of a type: its codes go to `codes`, and its scale and minimum, as they are stored, come back. */
export type BlockQuantizer = (x: Float32Array, codes: Uint8Array) => ScaledBlock;

interface ScaledBlock {
  scale: number;
  minimum?: number;
}

/** 4-bit types of GGUF: the value of each code, how a block is quantized, and bits of its scale and minimum. */
interface Type {
  code: Float32Array<ArrayBuffer>;
  quantize: BlockQuantizer;
  bits: number;
  minimum: boolean;
}

/** The types, as ggml computes them without an importance matrix (ggml-quants.c); scales are float16. */
const TYPES = {
  Q4_0: { code: ruler(-8), quantize: q4_0, bits: 16, minimum: false },
  Q4_1: { code: ruler(0), quantize: q4_1, bits: 16, minimum: true },
  IQ4_NL: { code: IQ4_NL, quantize: iq4_nl, bits: 16, minimum: false },
} satisfies Record<string, Type>;

export type GgufType = keyof typeof TYPES | 'Q4_K' | 'Q8_0';

/** Quantizes rows [rows, columns] to a type of GGUF, byte for byte as ggml does; columns are a multiple of its block. */
export function quantizeGguf(tensor: Tensor, type: GgufType): Blockwise4bit | ByteCodes {
  if (type === 'Q8_0') return q8_0(tensor);
  if (type === 'Q4_K') return q4_k(tensor);
  const { code, quantize, bits, minimum }: Type = TYPES[type];
  const { data, shape } = tensor;
  const blocks = data.length / GGUF_BLOCKSIZE;
  const nibbles = new Uint8Array(data.length);
  const absmax = new Float32Array(blocks);
  const minima = new Float32Array(minimum ? blocks : 0);
  for (let b = 0; b < blocks; b++) {
    const range = [b * GGUF_BLOCKSIZE, (b + 1) * GGUF_BLOCKSIZE] as const;
    const block = quantize(data.subarray(...range), nibbles.subarray(...range));
    absmax[b] = block.scale;
    if (minimum) minima[b] = block.minimum!;
  }
  return {
    quant_type: 'gguf',
    shape,
    blocksize: GGUF_BLOCKSIZE,
    code,
    packed: packNibbles(nibbles),
    scales: { kind: 'absmax', absmax, bits },
    ...(minimum ? { shift: { kind: 'minimum', values: minima, bits } } : {}),
  };
}

/** The largest magnitude, with its sign, goes to -8: so that of the other sign is cut at 7. */
function q4_0(x: Float32Array, codes: Uint8Array): { scale: number } {
  const scale = fround(signedMax(x) / -8);
  const reciprocal = scale === 0 ? 0 : fround(1 / scale);
  x.forEach((value, i) => {
    codes[i] = Math.min(15, Math.trunc(fround(fround(value * reciprocal) + 8.5)));
  });
  return { scale: roundToF16(scale) };
}

/** Sixteen even steps from the smallest value to the largest. */
function q4_1(x: Float32Array, codes: Uint8Array): { scale: number; minimum: number } {
  const { low: minimum, high: largest } = rangeOf(x);
  const scale = fround(fround(largest - minimum) / 15);
  const reciprocal = scale === 0 ? 0 : fround(1 / scale);
  x.forEach((value, i) => {
    codes[i] = Math.min(15, Math.trunc(fround(fround(fround(value - minimum) * reciprocal) + 0.5)));
  });
  return { scale: roundToF16(scale), minimum: roundToF16(minimum) };
}

/** Whole numbers from -127 to 127 times a scale; ties are rounded away from zero. */
function q8_0({ data, shape }: Tensor): ByteCodes {
  const codes = new Uint8Array(data.length);
  const absmax = new Float32Array(data.length / GGUF_BLOCKSIZE);
  absmax.forEach((_, b) => {
    const begin = b * GGUF_BLOCKSIZE;
    const scale = fround(Math.abs(signedMax(data.subarray(begin, begin + GGUF_BLOCKSIZE))) / 127);
    const reciprocal = scale === 0 ? 0 : fround(1 / scale);
    for (let i = begin; i < begin + GGUF_BLOCKSIZE; i++) {
      const scaled = fround(data[i]! * reciprocal);
      codes[i] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
    }
    absmax[b] = roundToF16(scale);
  });
  return {
    quant_type: 'gguf',
    shape,
    blocksize: GGUF_BLOCKSIZE,
    code: INT8_CODE,
    codes,
    scales: { kind: 'absmax', absmax, bits: 16 },
  };
}

/** The value of each byte as an integer with a sign. */
export const INT8_CODE = Float32Array.from(
  new Int8Array(Uint8Array.from({ length: 256 }, (_, i) => i).buffer),
);
