import type { Codebook } from '../../quant/codebook.ts';
import { HISTOGRAM_BINS } from '../../quant/error.ts';
import { openArena, readBack } from '../device/buffers.ts';
import { words } from '../../tensor/words.ts';
import { recordCommands } from '../device/commands.ts';
import type { Gpu } from '../device/device.ts';
import type { Kernel } from '../device/kernel.ts';
import { error_sums, SUMMED } from '../kernels/error_sums.ts';
import { blockStep, rangesWithin } from './parts.ts';
import { readFinite, rowBytes, type StoredMatrix } from './stored_matrix.ts';
import { quantize_4bit } from '../kernels/quantize_4bit.ts';
import { scaled_histogram } from '../kernels/scaled_histogram.ts';
import { DTYPE } from '../kernels/stored.ts';

/** Every weight of a matrix, scaled and quantized. */
export interface MatrixReport {
  /** [HISTOGRAM_BINS] of weight / absmax over [-1, 1]. */
  counts: number[];
  /** Of the weights. */
  standard_deviation: number;
  /** By codebook, in the weights' own unit. */
  mean_abs_errors: number[];
}

/** The kernels that measure a matrix: where they fail their check, the CPU does the same. */
export const MEASURING = [quantize_4bit, scaled_histogram, error_sums] as unknown as readonly Kernel[];

/** Consecutive weights as they are stored, and what to do to them. */
interface Part {
  n: number;
  weight: Uint8Array<ArrayBuffer>;
  books: readonly Codebook[];
  blocksize: number;
  overrides: { DTYPE: number };
}

/** The bins of scaled_histogram, and by codebook the sums of error_sums. */
interface PartSums {
  counts: Uint32Array;
  sums: Float32Array[];
}

/** Measures one part, on the GPU or on the CPU. */
export type MeasurePart = (part: Part) => Promise<PartSums>;

/**
 * Quantizes a matrix with each codebook and measures all of its weights, `most` stored bytes at a time.
 * @throws non-finite-weights naming the tensor and element; out-of-memory, device-lost; the reason of an aborted `signal`.
 */
export async function measureMatrix(
  stored: StoredMatrix,
  { books, blocksize }: Pick<Part, 'books' | 'blocksize'>,
  measurePart: MeasurePart,
  most: number,
  signal: AbortSignal,
): Promise<MatrixReport> {
  const { rows, columns, dtype } = stored;
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  const totals = books.map(() => [0, 0, 0, 0]);
  // A part begins where a block begins.
  for (const range of rangesWithin(most, rows, rowBytes(stored), blockStep(blocksize, columns))) {
    signal.throwIfAborted();
    const weight = await readFinite(stored, range);
    const n = range.rows * columns;
    const part = await measurePart({ n, weight, books, blocksize, overrides: { DTYPE: DTYPE[dtype] } });
    part.counts.forEach((count, bin) => (counts[bin]! += count));
    part.sums.forEach((sums, b) => sums.forEach((sum, i) => (totals[b]![i % 4]! += sum)));
  }
  const n = rows * columns;
  const [, , sum, squares] = totals[0]!;
  return {
    counts,
    standard_deviation: Math.sqrt(Math.max(0, squares! / n - (sum! / n) ** 2)),
    mean_abs_errors: totals.map(([absolute]) => absolute! / n),
  };
}

/** Measures parts by the kernels' own references. */
export const measureOnCpu: MeasurePart = ({ n, weight, books, blocksize, overrides }) => {
  const params = { n, blocksize };
  const stored = words(weight);
  let counts = new Uint32Array(HISTOGRAM_BINS);
  const sums = books.map((book, b) => {
    const codes = { weight: stored, thresholds: book.thresholds, order: Uint32Array.from(book.order) };
    const space = { packed: new Uint32Array(), absmax: new Uint32Array() };
    const quantized = quantize_4bit.reference(params, { ...codes, ...space }, overrides);
    const found = {
      weight: stored,
      packed: quantized.packed!,
      absmax: new Float32Array(quantized.absmax!.buffer),
      counts,
    };
    // The bins depend on no codebook.
    if (b === 0) counts = scaled_histogram.reference(params, found, overrides).counts!;
    const { code } = book;
    return error_sums.reference(params, { ...found, code, sums: new Float32Array() }, overrides).sums!;
  });
  return Promise.resolve({ counts, sums });
};

/** Measures parts on a device. */
export const measureOn =
  (gpu: Gpu): MeasurePart =>
  async ({ n, weight: bytes, books, blocksize, overrides }) => {
    const params = { n, blocksize };
    const arena = openArena(gpu);
    const commands = recordCommands(gpu);
    try {
      const weight = await arena.upload(bytes, 'weights, to be measured');
      const packed = await arena.allocate(Math.ceil(n / 2), 'codes');
      const absmax = await arena.allocate(4 * Math.ceil(n / blocksize), 'absmax');
      const counts = await arena.allocate(4 * HISTOGRAM_BINS, 'counts');
      const sums: GPUBuffer[] = [];
      for (const [b, book] of books.entries()) {
        const thresholds = await arena.upload(book.thresholds, 'thresholds');
        const order = await arena.upload(Uint32Array.from(book.order), 'order');
        const code = await arena.upload(book.code, 'code');
        const own = await arena.allocate(16 * Math.ceil(n / SUMMED), 'sums');
        sums.push(own);
        commands.dispatch(quantize_4bit, params, { weight, thresholds, order, packed, absmax }, overrides);
        if (b === 0) commands.dispatch(scaled_histogram, params, { weight, absmax, counts }, overrides);
        commands.dispatch(error_sums, params, { weight, packed, absmax, code, sums: own }, overrides);
      }
      commands.submit();
      const read = async (buffer: GPUBuffer, words: number) => readBack(gpu, buffer, 4 * words);
      return {
        counts: new Uint32Array(await read(counts, HISTOGRAM_BINS)),
        sums: await Promise.all(
          sums.map(async (own) => new Float32Array(await read(own, 4 * Math.ceil(n / SUMMED)))),
        ),
      };
    } finally {
      commands.close();
      arena.close();
    }
  };
