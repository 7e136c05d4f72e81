import { dequantizeAbsmax, NESTED_BLOCKSIZE, quantizeAbsmax, type NestedAbsmax } from './double_quant.ts';

/** The scales of a tensor's blocks, as they are stored; each kind has a row in every function of this file. */
export type Scales = AbsmaxScales | NestedScales;

/** One float32 a block, as measured. */
export interface AbsmaxScales {
  kind: 'absmax';
  /** [blocks] */
  absmax: Float32Array<ArrayBuffer>;
}

/** The scales quantized in their turn: double quantization. */
export interface NestedScales extends NestedAbsmax {
  kind: 'nested';
}

/** Stores one float32 a block as `kind`. */
export function encodeScales(absmax: Float32Array<ArrayBuffer>, kind: Scales['kind']): Scales {
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
  }
}

/** Bytes of the scales of so many blocks. */
export function scaleBytes(kind: Scales['kind'], blocks: number): number {
  switch (kind) {
    case 'absmax':
      return 4 * blocks;
    case 'nested':
      return blocks + 4 * Math.ceil(blocks / NESTED_BLOCKSIZE);
  }
}

/** Bytes of the table that all scales of a model share. */
export function scaleTableBytes(kind: Scales['kind']): number {
  return kind === 'nested' ? 4 * 256 : 0;
}
