import { elements, type Tensor } from '../tensor/tensor.ts';
import { absmaxOf, SMALLEST_ABSMAX } from './absmax.ts';
import { nearest, type Codebook } from './codebook.ts';
import { nibbleAt, packNibbles } from './pack.ts';
import type { Blockwise4bit, PlainBlockwise4bit, Shift } from './quantized.ts';
import { decodeScales } from './scales.ts';

/**
 * Quantizes to 4 bits, block by block: divide by the block's largest magnitude, take the nearest of 16 values.
 *
 * The tensor is flattened row by row, so with a row length that is no multiple of `blocksize` blocks run across
 * rows. One block by hand, in NF4:
 *
 *     weights  0.231  -0.94   0.5    0    -0.31   0.72  -0.05   0.12     absmax 0.94
 *     scaled   0.246  -1      0.532  0    -0.330  0.766 -0.053  0.128    weight / absmax
 *     nibble   a       0      d      7     4      e      6      9        nearest value's place
 *     bytes    a0             d7           4e            69
 *     back     0.231  -0.94   0.529  0    -0.267  0.680 -0.086  0.151    code[nibble] · absmax
 *
 * Byte for byte bitsandbytes' torch backend (backends/default/ops.py, quantize_4bit): a full block multiplies by
 * the reciprocal of its absmax, a ragged last block divides. Weights must be finite.
 */
export function quantizeBlockwise(tensor: Tensor, book: Codebook, blocksize: number): PlainBlockwise4bit {
  const { data, shape } = tensor;
  const absmax = new Float32Array(Math.ceil(data.length / blocksize));
  const nibbles = new Uint8Array(2 * Math.ceil(data.length / 2));

  absmax.forEach((_, b) => {
    const begin = b * blocksize;
    const end = Math.min(begin + blocksize, data.length);
    const largest = absmaxOf(data, begin, end);
    const divisor = Math.max(largest, SMALLEST_ABSMAX);
    if (end - begin === blocksize) {
      const reciprocal = Math.fround(1 / divisor);
      for (let i = begin; i < end; i++) nibbles[i] = nearest(book, Math.fround(data[i]! * reciprocal));
      absmax[b] = largest;
    } else {
      for (let i = begin; i < end; i++) nibbles[i] = nearest(book, Math.fround(data[i]! / divisor));
      absmax[b] = divisor;
    }
  });

  return plainBlockwise(book, { shape, blocksize, nibbles, absmax });
}

/** Packs the nibbles of a tensor, one more than its elements where these are odd: a zero weight fills the last byte. */
export function plainBlockwise(
  book: Codebook,
  {
    shape,
    blocksize,
    nibbles,
    absmax,
  }: Pick<PlainBlockwise4bit, 'shape' | 'blocksize'> & {
    nibbles: Uint8Array;
    absmax: Float32Array<ArrayBuffer>;
  },
): PlainBlockwise4bit {
  if (elements(shape) % 2 === 1) nibbles[elements(shape)] = nearest(book, 0);
  const { quant_type, code } = book;
  return {
    quant_type,
    shape,
    blocksize,
    code,
    packed: packNibbles(nibbles),
    scales: { kind: 'absmax', absmax },
  };
}

/** float32 weights of the codes, each one float32 product `code[nibble] · scale[block]`, moved as its block's shift says. */
export function dequantizeBlockwise({
  shape,
  blocksize,
  code,
  packed,
  scales,
  shift,
  order,
}: Blockwise4bit): Tensor {
  const data = new Float32Array(elements(shape));
  const scaleOf = decodeScales(scales);
  for (let i = 0; i < data.length; i++) {
    const block = Math.floor(i / blocksize);
    data[i] = weightOf(code[nibbleAt(packed, i)]!, scaleOf[block]!, shift, block);
  }
  return { shape, data: order ? inTheirPlaces(data, order) : data };
}

/** Rows whose columns go back to where `order` took them from. */
function inTheirPlaces(data: Float32Array, order: Uint32Array): Float32Array<ArrayBuffer> {
  const columns = order.length;
  const placed = new Float32Array(data.length);
  data.forEach((weight, i) => (placed[i - (i % columns) + order[i % columns]!] = weight));
  return placed;
}

function weightOf(code: number, scale: number, shift: Shift | undefined, block: number): number {
  switch (shift?.kind) {
    case undefined:
      return code * scale;
    case 'zero':
      return Math.fround(code - shift.values[block]!) * scale;
    case 'minimum':
      return Math.fround(code * scale) + shift.values[block]!;
  }
}
