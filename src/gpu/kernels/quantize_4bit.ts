import blockAbsmax from '../../../shaders/preludes/block_absmax.wgsl?raw';
import division from '../../../shaders/preludes/division.wgsl?raw';
import source from '../../../shaders/quantize_4bit.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import { quantizeBlockwise } from '../../quant/blockwise.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { INT4 } from '../../quant/formats/int4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import type { Codebook } from '../../quant/codebook.ts';
import { decode, type QuantizableDtype } from '../../tensor/dtype.ts';
import { floats, normals } from './cases.ts';
import { bytes, words } from '../../tensor/words.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { DTYPE, decodeWords, encodeWords } from './stored.ts';

/** Quantizes stored weights to 4-bit codes and absmax on the GPU, byte for byte as quantizeBlockwise does. */
export const quantize_4bit = defineKernel({
  name: 'quantize_4bit',
  wgsl: stored + division + blockAbsmax + source,
  params: { n: 'u32', blocksize: 'u32' },
  bindings: {
    weight: 'read u32',
    thresholds: 'read f32',
    order: 'read u32',
    packed: 'write u32',
    absmax: 'write u32',
  },
  workgroups: ({ n, blocksize }) => grid(Math.ceil(n / blocksize)),
  reference: ({ n, blocksize }, { weight, thresholds, order }, overrides) => {
    const data = decodeWords(weight, overrides).subarray(0, n);
    const book: Codebook = {
      quant_type: 'custom',
      code: new Float32Array(16),
      thresholds: thresholds,
      order: Uint8Array.from(order),
    };
    const { packed, scales } = quantizeBlockwise({ shape: [n], data }, book, blocksize);
    return { packed: words(packed), absmax: words(scales.absmax) };
  },
  tolerance: 'exact',
  cases: () => [
    quantizeCase(normals(4096, 1), NF4, 64, 'F32'),
    quantizeCase(normals(8229, 2), NF4, 64, 'F32'),
    quantizeCase(normals(8229, 3), FP4, 64, 'BF16'),
    quantizeCase(normals(8230, 4), NF4, 128, 'F16'),
    quantizeCase(normals(999, 5), INT4, 32, 'F32'),
    quantizeCase(normals(9000, 6), FP4, 4096, 'F16'),
    quantizeCase(normals(1, 7), NF4, 64, 'F32'),
    quantizeCase(everyHalf(), NF4, 64, 'F16'),
    // All-zero blocks, the last one ragged.
    quantizeCase(floats(150), NF4, 64, 'F32'),
    quantizeCase(floats(150), FP4, 64, 'BF16'),
  ],
});

function quantizeCase(
  data: Float32Array<ArrayBuffer>,
  book: Codebook,
  blocksize: number,
  dtype: QuantizableDtype,
) {
  const n = data.length;
  return {
    name: `n ${n} · ${book.quant_type} ${blocksize} · ${dtype}`,
    params: { n, blocksize },
    arrays: {
      weight: encodeWords(data, dtype),
      thresholds: book.thresholds,
      order: Uint32Array.from(book.order),
      packed: new Uint32Array(Math.ceil(n / 8)),
      absmax: new Uint32Array(Math.ceil(n / blocksize)),
    },
    overrides: { DTYPE: DTYPE[dtype] },
  };
}

/** Every finite float16 there is, subnormals too, in ascending magnitude and alternating sign. */
function everyHalf(): Float32Array<ArrayBuffer> {
  const bits = Uint16Array.from({ length: 0x7c00 * 2 }, (_, i) => (i >> 1) | ((i & 1) << 15));
  return decode('F16', bytes(bits));
}
