import { packNibbles } from '../pack.ts';
import type { Blockwise4bit } from '../quantized.ts';

/** Codes, scales and zero points of groups along rows, as the readers of several tools find them. */
export interface Groups {
  quant_type: Blockwise4bit['quant_type'];
  shape: readonly [number, number];
  group_size: number;
  /** [rows, columns], 0 to 15. */
  codes: Uint8Array;
  /** [rows, groups of a row] */
  scales: Float32Array<ArrayBuffer>;
  /** The same, of codes 0 to 15; undefined where all of them are 8. */
  zeros: Float32Array<ArrayBuffer> | undefined;
  /** Bits that a scale and a zero take where they are stored. */
  bits: { scale: number; zero: number };
}

/** weight = (code − zero) · scale, with the one zero that all groups share put into the values of the codes. */
export const packGroups = ({
  quant_type,
  shape,
  group_size,
  codes,
  scales,
  zeros,
  bits,
}: Groups): Blockwise4bit => ({
  quant_type,
  shape,
  blocksize: group_size,
  code: Float32Array.from({ length: 16 }, (_, i) => (zeros ? i : i - 8)),
  packed: packNibbles(codes),
  scales: { kind: 'absmax', absmax: scales, bits: bits.scale },
  ...(zeros && { shift: { kind: 'zero', values: zeros, bits: bits.zero } }),
});

/** Zeros of all groups, or undefined where they are all 8. */
export const unlessEight = (zeros: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> | undefined =>
  zeros.every((zero) => zero === 8) ? undefined : zeros;
