import type { QuantType } from './config.ts';
import type { AbsmaxScales, Scales } from './scales.ts';

/** A quantized tensor; `dequantize` in quantize.ts gives float32 back. */
export type QuantizedTensor = Blockwise4bit | ByteCodes | Int8Tensor;

/**
 * 4-bit codes of the flattened tensor. Element 2i is the high nibble of `packed[i]`, 2i+1 the low one;
 * block b is elements [b·blocksize, (b+1)·blocksize) and has scale b.
 */
export interface Blockwise4bit {
  quant_type: QuantType;
  shape: readonly number[];
  blocksize: number;
  /** [16], indexed by nibble. */
  code: Float32Array<ArrayBuffer>;
  /** [ceil(n / 2)] */
  packed: Uint8Array<ArrayBuffer>;
  /** Of ceil(n / blocksize) blocks. */
  scales: Scales;
  /** What each block moves its codes by, if anything. */
  shift?: Shift;
  /**
   * [columns] The column of the weight that each column of codes is, where they do not stand in their own order: whoever
   * multiplies by them takes the input's columns in this order. Blocks are whole parts of a row then.
   */
  order?: Uint32Array<ArrayBuffer>;
}

/**
 * A number a block, [blocks]: a zero point, weight = (code − zero) · scale, or a minimum, weight = code · scale + minimum.
 * The two are kept apart, since scale · code − scale · zero would round twice.
 */
export interface Shift {
  kind: 'zero' | 'minimum';
  values: Float32Array<ArrayBuffer>;
  /** What each takes where it is stored. */
  bits: number;
}

/** 4-bit codes whose absmax is as measured. */
export type PlainBlockwise4bit = Blockwise4bit & { scales: AbsmaxScales };

/**
 * 8-bit codes of the flattened tensor: weight = code[codes[i]] · scale of its block. Block b is elements
 * [b·blocksize, (b+1)·blocksize).
 */
export interface ByteCodes {
  quant_type: QuantType;
  shape: readonly number[];
  blocksize: number;
  /** [256], indexed by byte. */
  code: Float32Array<ArrayBuffer>;
  /** [n] */
  codes: Uint8Array<ArrayBuffer>;
  scales: AbsmaxScales;
}

/** 8-bit integers: weight = CB · SCB / 127. */
export interface Int8Tensor {
  quant_type: 'int8';
  /** [rows, columns] */
  shape: readonly number[];
  /** [rows · columns], in [-127, 127] */
  CB: Int8Array<ArrayBuffer>;
  /** [rows], or [1] when one scale serves the whole tensor. */
  SCB: Float32Array<ArrayBuffer>;
}
