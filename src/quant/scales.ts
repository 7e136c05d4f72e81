import { E4M3 } from './e4m3.ts';
import { dequantizeAbsmax, nestedBlocks, quantizeAbsmax, type NestedAbsmax } from './double_quant.ts';

/** The scales of a tensor's blocks, as they are stored; each kind has a row in every function of this file. */
export type Scales = AbsmaxScales | NestedScales | E8m0Scales | E4m3Scales;

/** One number a block, as measured. */
export interface AbsmaxScales {
  kind: 'absmax';
  /** [blocks] */
  absmax: Float32Array<ArrayBuffer>;
  /** What each takes where it is stored, if not the 32 of a float32; its values then fit into that. */
  bits?: number;
}

/** The scales quantized in their turn: double quantization. */
export interface NestedScales extends NestedAbsmax {
  kind: 'nested';
}

/** One power of two a block, 2^(exponent − 127) (OCP Microscaling Formats 1.0, E8M0). */
export interface E8m0Scales {
  kind: 'e8m0';
  /** [blocks] */
  exponents: Uint8Array<ArrayBuffer>;
}

/** One 8-bit float a block, times one float32 for the tensor. */
export interface E4m3Scales {
  kind: 'e4m3';
  /** [blocks] places in E4M3. */
  codes: Uint8Array<ArrayBuffer>;
  tensor_scale: number;
}

/** The values of E8M0, by exponent; 255 is NaN. */
export const E8M0: Float32Array<ArrayBuffer> = Float32Array.from({ length: 256 }, (_, exponent) =>
  exponent === 255 ? NaN : 2 ** (exponent - 127),
);

/** Stores one float32 a block as `kind`. */
export function encodeScales(absmax: Float32Array<ArrayBuffer>, kind: 'absmax' | 'nested'): Scales {
  switch (kind) {
    case 'absmax':
      return { kind, absmax };
    case 'nested':
      return { kind, ...quantizeAbsmax(absmax) };
  }
}

/** The float32 scale of each block, [blocks]. */
export function decodeScales(scales: Scales): Float32Array<ArrayBuffer> {
  switch (scales.kind) {
    case 'absmax':
      return scales.absmax;
    case 'nested':
      return dequantizeAbsmax(scales);
    case 'e8m0':
      return Float32Array.from(scales.exponents, (exponent) => E8M0[exponent]!);
    case 'e4m3':
      return Float32Array.from(scales.codes, (code) => E4M3[code]! * scales.tensor_scale);
  }
}

/** Bytes of the scales of so many blocks. */
export function scaleBytes(
  scales: Pick<AbsmaxScales, 'kind' | 'bits'> | { kind: Exclude<Scales['kind'], 'absmax'> },
  blocks: number,
): number {
  switch (scales.kind) {
    case 'absmax':
      return Math.ceil((blocks * (scales.bits ?? 32)) / 8);
    case 'nested':
      return blocks + 4 * nestedBlocks(blocks);
    case 'e8m0':
      return blocks;
    case 'e4m3':
      return blocks + 4;
  }
}

/** Bytes of the table that all scales of a model share. */
export function scaleTableBytes(kind: Scales['kind']): number {
  return kind === 'absmax' ? 0 : 4 * 256;
}
