import division from '../../../shaders/preludes/division.wgsl?raw';
import source from '../../../shaders/scaled_histogram.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import { quantizeBlockwise } from '../../quant/blockwise.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { HISTOGRAM_BINS, scaledHistogram } from '../../quant/error.ts';
import type { QuantizableDtype } from '../../tensor/dtype.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { DTYPE, decodeWords, encodeWords } from './stored.ts';

/** Weights one invocation counts. */
const RUN = 64;

/** Counts the scaled weights of a matrix, or of one part after the other, in the bins of scaledHistogram. */
export const scaled_histogram = defineKernel({
  name: 'scaled_histogram',
  wgsl: stored + division + source,
  params: { n: 'u32', blocksize: 'u32' },
  bindings: { weight: 'read u32', absmax: 'read f32', counts: 'read_write u32' },
  workgroups: ({ n }) => grid(Math.ceil(n / RUN)),
  reference: ({ n, blocksize }, { weight, absmax, counts }, overrides) => {
    const data = decodeWords(weight, overrides).subarray(0, n);
    const found = scaledHistogram({ shape: [n], data }, { scales: { kind: 'absmax', absmax }, blocksize });
    return { counts: counts.map((before, bin) => before + found[bin]!) };
  },
  tolerance: 'exact',
  cases: () => [
    histogramCase(normals(8229, 1), 64, 'BF16'),
    histogramCase(normals(8230, 2), 128, 'F16'),
    histogramCase(normals(70_001, 3), 4096, 'F32'),
    // Every weight on an edge, then all-zero blocks, the last one ragged.
    histogramCase(
      floats(1290).map((_, i) => (i % 129) / 64 - 1),
      129,
      'F32',
    ),
    histogramCase(floats(150), 64, 'F32'),
  ],
});

function histogramCase(data: Float32Array<ArrayBuffer>, blocksize: number, dtype: QuantizableDtype) {
  const n = data.length;
  const weight = encodeWords(data, dtype);
  const rounded = decodeWords(weight, { DTYPE: DTYPE[dtype] }).subarray(0, n);
  return {
    name: `n ${n} · blocks of ${blocksize} · ${dtype}`,
    params: { n, blocksize },
    arrays: {
      weight,
      absmax: quantizeBlockwise({ shape: [n], data: rounded }, NF4, blocksize).scales.absmax,
      counts: Uint32Array.from({ length: HISTOGRAM_BINS }, (_, bin) => bin % 3),
    },
    overrides: { DTYPE: DTYPE[dtype] },
  };
}
