import type { Tensor } from '../tensor/tensor.ts';
import { absmaxOf } from './absmax.ts';
import { E2M1, E2M1_MAX, nearestE2M1 } from './e2m1.ts';
import { packNibbles } from './pack.ts';
import type { Blockwise4bit } from './quantized.ts';

/** Consecutive weights of a row that share a scale (OCP Microscaling Formats 1.0). */
export const MX_BLOCKSIZE = 32;

/** How a block's power of two follows from its largest magnitude. */
export type ScaleRule = 'floor' | 'even' | 'ceil' | 'rceil';

/**
 * The exponent, with its bias of 127, of the power of two that scales a block (torchao, mx_formats, to_mx):
 * `floor` that of absmax, less the 2 of the code's own largest value, as the standard has it: from 6/4 to 8/4 of its scale the block saturates;
 * `even` the same of absmax rounded to two bits of mantissa; `ceil` one more where absmax is no power of two;
 * `rceil` the smallest under which nothing saturates.
 */
const EXPONENT: Record<ScaleRule, (absmax: number) => number> = {
  floor: (absmax) => (bitsOf(absmax) >>> 23) - 2,
  even: (absmax) => ((bitsOf(absmax) + (1 << 21)) >>> 23) - 2,
  ceil: (absmax) => roundedUp(absmax) - 2,
  rceil: (absmax) => roundedUp(Math.fround(absmax / E2M1_MAX)),
};

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** The bits of a float32, of which those from 23 on are the exponent of a number that is not negative. */
function bitsOf(x: number): number {
  f32[0] = x;
  return u32[0]!;
}

/** The exponent of the smallest power of two that is not below x. */
const roundedUp = (x: number): number => (bitsOf(x) >>> 23) + ((bitsOf(x) & 0x7fffff) > 0 ? 1 : 0);

/** Quantizes rows [rows, columns], columns a multiple of 32, to MXFP4: codes and scales byte for byte torchao's. */
export function quantizeMxfp4({ data, shape }: Tensor, rule: ScaleRule): Blockwise4bit {
  const exponents = new Uint8Array(data.length / MX_BLOCKSIZE);
  const nibbles = new Uint8Array(data.length);
  exponents.forEach((_, b) => {
    const begin = b * MX_BLOCKSIZE;
    const end = begin + MX_BLOCKSIZE;
    const exponent = Math.min(Math.max(EXPONENT[rule](absmaxOf(data, begin, end)), 0), 254);
    exponents[b] = exponent;
    const scale = 2 ** (exponent - 127);
    for (let i = begin; i < end; i++) nibbles[i] = nearestE2M1(data[i]! / scale);
  });
  return {
    quant_type: 'mxfp4',
    shape,
    blocksize: MX_BLOCKSIZE,
    code: E2M1,
    packed: packNibbles(nibbles),
    scales: { kind: 'e8m0', exponents },
  };
}
