import { elements, type Tensor } from '../tensor/tensor.ts';
import { nibbleAt } from './pack.ts';
import { dequantize } from './quantize.ts';
import type { Blockwise4bit, QuantizedTensor } from './quantized.ts';
import { decodeScales, scaleBytes } from './scales.ts';

/** The quantization error of one tensor, and what it costs to store. Errors are in the weights' own unit. */
export interface QuantizationReport {
  mean_abs_error: number;
  mse: number;
  max_abs_error: number;
  /** Signal to quantization noise, 10·log10(Σw² / Σ(w−ŵ)²), in dB; Infinity when nothing was lost. */
  sqnr_db: number;
  /** Every stored bit, scales included, over the number of weights. */
  bits_per_weight: number;
}

/** Compares dequantized weights with the originals. `mean_abs_error` of N(0,1) at block size 64: NF4 0.0728, FP4 0.0965. */
export function report(original: Tensor, quantized: QuantizedTensor): QuantizationReport {
  const { data } = original;
  const back = dequantize(quantized).data;
  let absolute = 0;
  let squared = 0;
  let signal = 0;
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const error = Math.abs(data[i]! - back[i]!);
    absolute += error;
    squared += error * error;
    signal += data[i]! * data[i]!;
    if (error > largest) largest = error;
  }
  return {
    mean_abs_error: absolute / data.length,
    mse: squared / data.length,
    max_abs_error: largest,
    sqnr_db: 10 * Math.log10(signal / squared),
    bits_per_weight: (8 * storedBytes(quantized)) / data.length,
  };
}

/** Bytes a quantized tensor takes: codes and scales (the codebooks, 64 bytes and 1 KiB, are shared by all tensors of a model). */
export function storedBytes(q: QuantizedTensor): number {
  if ('CB' in q) return q.CB.byteLength + q.SCB.byteLength;
  const blocks = Math.ceil(elements(q.shape) / q.blocksize);
  if ('codes' in q) return q.codes.byteLength + scaleBytes(q.scales, blocks);
  const shifts = Math.ceil((blocks * (q.shift?.bits ?? 0)) / 8);
  return q.packed.byteLength + scaleBytes(q.scales, blocks) + shifts + (q.order?.byteLength ?? 0);
}

/** Counts of each of the 16 nibbles, and their entropy in bits (4 when all are used alike). */
export function usedLevels({ packed, shape }: Blockwise4bit): { counts: number[]; entropy_bits: number } {
  const n = elements(shape);
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < n; i++) counts[nibbleAt(packed, i)]!++;
  const entropy_bits = counts.reduce((h, c) => (c === 0 ? h : h - (c / n) * Math.log2(c / n)), 0);
  return { counts, entropy_bits };
}

/** Bins of a histogram over [-1, 1]: an even number, so that 0 is an edge; a power of two, so that every edge is exact. */
export const HISTOGRAM_BINS = 128;

/**
 * The scaled weights (weight / its block's absmax, rounded to float32, in [-1, 1]) counted in equal bins: what a
 * codebook is laid over.
 * @returns counts [bins]; the bins' edges are -1 + 2·i/bins.
 */
export function scaledHistogram(
  original: Tensor,
  stored: Pick<Blockwise4bit, 'scales' | 'blocksize'>,
  bins = HISTOGRAM_BINS,
): number[] {
  const scales = decodeScales(stored.scales);
  const counts = new Array<number>(bins).fill(0);
  original.data.forEach((w, i) => {
    const scale = scales[Math.floor(i / stored.blocksize)]!;
    const scaled = scale === 0 ? 0 : Math.fround(w / scale);
    counts[Math.min(bins - 1, Math.floor((scaled * bins) / 2) + bins / 2)]!++;
  });
  return counts;
}
