import source from '../../../shaders/error_sums.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import { dequantizeBlockwise, quantizeBlockwise } from '../../quant/blockwise.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import type { Codebook } from '../../quant/codebook.ts';
import type { QuantizableDtype } from '../../tensor/dtype.ts';
import { floats, normals } from './cases.ts';
import { bytes, words } from '../../tensor/words.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { DTYPE, decodeWords, encodeWords } from './stored.ts';

/** Weights one invocation adds up, and those of a workgroup. */
const RUN = 64;
export const SUMMED = 64 * RUN;

/** The sums that a matrix' quantization error is computed from: per 4096 weights Σ|e|, Σe², Σw and Σw². */
export const error_sums = defineKernel({
  name: 'error_sums',
  wgsl: stored + source,
  params: { n: 'u32', blocksize: 'u32' },
  bindings: {
    weight: 'read u32',
    packed: 'read u32',
    absmax: 'read f32',
    code: 'read f32',
    sums: 'write f32',
  },
  workgroups: ({ n }) => grid(Math.ceil(n / RUN)),
  reference: ({ n, blocksize }, { weight, packed, absmax, code }, overrides) => {
    const data = decodeWords(weight, overrides).subarray(0, n);
    const scales = { kind: 'absmax', absmax } as const;
    const quantized = { shape: [n], blocksize, code, packed: bytes(packed), scales };
    const back = dequantizeBlockwise({ quant_type: 'custom', ...quantized }).data;
    // Added up in double precision, and rounded once.
    const sums = new Float64Array(4 * Math.ceil(n / SUMMED));
    data.forEach((w, i) => {
      const at = 4 * Math.floor(i / SUMMED);
      const e = w - back[i]!;
      sums[at]! += Math.abs(e);
      sums[at + 1]! += e * e;
      sums[at + 2]! += w;
      sums[at + 3]! += w * w;
    });
    return { sums: Float32Array.from(sums) };
  },
  // Positive terms lose little; those of Σw cancel, and leave the rounding of what was cancelled.
  tolerance: () => ({ atol: 1e-3, rtol: 1e-5 }),
  cases: () => [
    sumsCase(normals(8229, 1), NF4, 64, 'BF16'),
    sumsCase(normals(12_289, 2), FP4, 128, 'F16'),
    sumsCase(normals(4096, 3), NF4, 4096, 'F32'),
    sumsCase(floats(150), FP4, 64, 'F32'),
  ],
});

function sumsCase(
  data: Float32Array<ArrayBuffer>,
  book: Codebook,
  blocksize: number,
  dtype: QuantizableDtype,
) {
  const n = data.length;
  const weight = encodeWords(data, dtype);
  const rounded = decodeWords(weight, { DTYPE: DTYPE[dtype] }).subarray(0, n);
  const { packed, scales } = quantizeBlockwise({ shape: [n], data: rounded }, book, blocksize);
  return {
    name: `n ${n} · ${book.quant_type} ${blocksize} · ${dtype}`,
    params: { n, blocksize },
    arrays: {
      weight,
      packed: words(packed),
      absmax: scales.absmax,
      code: book.code,
      sums: floats(4 * Math.ceil(n / SUMMED)),
    },
    overrides: { DTYPE: DTYPE[dtype] },
  };
}
