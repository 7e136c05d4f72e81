import type { CodebookName } from './config.ts';
import type { AbsmaxScales, Scales } from './scales.ts';

/** A quantized tensor; `dequantize` in blockwise.ts and int8.ts give float32 back. */
export type QuantizedTensor = Blockwise4bit | Int8Tensor;

/**
 * 4-bit codes of the flattened tensor. Element 2i is the high nibble of `packed[i]`, 2i+1 the low one;
 * block b is elements [b·blocksize, (b+1)·blocksize) and has scale b.
 */
export interface Blockwise4bit {
  quant_type: CodebookName;
  shape: readonly number[];
  blocksize: number;
  /** [16], indexed by nibble. */
  code: Float32Array<ArrayBuffer>;
  /** [ceil(n / 2)] */
  packed: Uint8Array<ArrayBuffer>;
  /** Of ceil(n / blocksize) blocks. */
  scales: Scales;
}

/** 4-bit codes whose absmax is as measured. */
export type PlainBlockwise4bit = Blockwise4bit & { scales: AbsmaxScales };

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
