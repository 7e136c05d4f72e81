import source from '../../shaders/dequantize_4bit.wgsl?raw';
import { dequantizeBlockwise, quantizeBlockwise } from '../quant/blockwise.ts';
import { FP4, NF4, type Codebook } from '../quant/codebook.ts';
import { bytes, floats, normals, words } from './case_data.ts';
import { defineKernel, grid } from './kernel.ts';

/** The float32 weights of packed 4-bit codes, bit for bit as dequantizeBlockwise gives them. */
export const dequantize_4bit = defineKernel({
  name: 'dequantize_4bit',
  wgsl: source,
  params: { n: 'u32', blocksize: 'u32' },
  bindings: { packed: 'read u32', absmax: 'read f32', code: 'read f32', y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: ({ n, blocksize }, { packed, absmax, code }) => ({
    y: dequantizeBlockwise({
      quant_type: 'custom',
      shape: [n],
      blocksize,
      packed: bytes(packed),
      absmax: absmax,
      code: code,
    }).data,
  }),
  tolerance: 'exact',
  // The last one needs more than 65,535 workgroups.
  cases: () => [
    dequantizeCase(8229, NF4, 64),
    dequantizeCase(1000, FP4, 256),
    dequantizeCase(4_194_368, NF4, 4096),
  ],
});

function dequantizeCase(n: number, book: Codebook, blocksize: number) {
  // One value over and over where n is large: making 4 million normals costs more than the check.
  const data = n > 1e5 ? Float32Array.from({ length: n }, (_, i) => (i % 4093) - 2000) : normals(n, n);
  const q = quantizeBlockwise({ shape: [n], data }, book, blocksize);
  return {
    name: `n ${n} · ${book.quant_type} ${blocksize}`,
    params: { n, blocksize },
    arrays: { packed: words(q.packed), absmax: q.absmax, code: q.code, y: floats(n) },
  };
}
