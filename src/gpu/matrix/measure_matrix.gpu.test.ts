import { afterAll, expect, it } from 'vitest';
import { quantizeBlockwise } from '../../quant/blockwise.ts';
import { customCodebook } from '../../quant/codebook.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { report, scaledHistogram } from '../../quant/error.ts';
import { decode } from '../../tensor/dtype.ts';
import { normals } from '../kernels/cases.ts';
import { bytes } from '../../tensor/words.ts';
import { openGpu } from '../device/device.ts';
import type { StoredMatrix } from './stored_matrix.ts';
import { measureMatrix, measureOn, measureOnCpu } from './measure_matrix.ts';
import { encodeWords } from '../kernels/stored.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

// Rows end within blocks, and the last block is ragged.
const [rows, columns, blocksize] = [301, 77, 64];
const weight = bytes(encodeWords(normals(rows * columns, 5), 'BF16')).slice(0, 2 * rows * columns);
const matrix: StoredMatrix = {
  name: 'w',
  rows,
  columns,
  dtype: 'BF16',
  read: (first, end) => Promise.resolve(weight.slice(2 * columns * first, 2 * columns * end)),
};
const tensor = { shape: [rows, columns], data: decode('BF16', weight) };
const own = customCodebook(Array.from({ length: 16 }, (_, i) => (i - 7) / 8));
const books = [NF4, FP4, own];
const never = new AbortController().signal;

it.each([
  ['the GPU', measureOn(gpu)],
  ['the CPU', measureOnCpu],
])('all weights of a matrix in parts, on %s', async (_, measurePart) => {
  // 64 rows a part: five of them.
  const found = await measureMatrix(matrix, { books, blocksize }, measurePart, 2 * 64 * columns, never);
  expect(found.counts).toEqual(scaledHistogram(tensor, quantizeBlockwise(tensor, NF4, blocksize)));
  books.forEach((book, b) => {
    const { mean_abs_error } = report(tensor, quantizeBlockwise(tensor, book, blocksize));
    expect(Math.abs(found.mean_abs_errors[b]! / mean_abs_error - 1)).toBeLessThan(1e-5);
  });
  const mean = tensor.data.reduce((sum, w) => sum + w, 0) / tensor.data.length;
  const variance = tensor.data.reduce((sum, w) => sum + (w - mean) ** 2, 0) / tensor.data.length;
  expect(found.standard_deviation).toBeCloseTo(Math.sqrt(variance), 5);
  expect(gpu.allocated.bytes).toBe(0);
});

it('stops between parts', async () => {
  const stop = new AbortController();
  let parts = 0;
  const measurePart = (part: Parameters<typeof measureOnCpu>[0]) => {
    if (++parts === 2) stop.abort();
    return measureOnCpu(part);
  };
  const measuring = measureMatrix(matrix, { books, blocksize }, measurePart, 2 * 64 * columns, stop.signal);
  await expect(measuring).rejects.toMatchObject({ name: 'AbortError' });
  expect(parts).toBe(2);
});
