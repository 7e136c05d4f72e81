import { LabError } from '../../errors.ts';
import { decode, type QuantizableDtype } from '../../tensor/dtype.ts';
import { firstNonFinite } from '../../tensor/finite.ts';
import { largestBinding } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { PIECE_BYTES } from '../device/limits.ts';
import { dtypeBytes } from '../kernels/stored.ts';
import { rangesWithin, type RowRange } from './parts.ts';

/** A matrix [rows, columns] of a checkpoint that can be read some rows at a time. */
export interface StoredMatrix {
  name: string;
  rows: number;
  columns: number;
  dtype: QuantizableDtype;
  /** The bytes of some rows; they may be written over by the next read. */
  read(firstRow: number, endRow: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** An array [rows, columns] on the CPU as a matrix. */
export const matrixOfFloats = (
  name: string,
  data: Float32Array<ArrayBuffer>,
  columns: number,
): StoredMatrix => ({
  ...{ name, rows: data.length / columns, columns, dtype: 'F32' },
  read: (begin, end) =>
    Promise.resolve(
      new Uint8Array(data.buffer, data.byteOffset + 4 * begin * columns, 4 * (end - begin) * columns),
    ),
});

/** Stored bytes of a part of a matrix on the device. */
const PART_BYTES = 64 * 1024 * 1024;

/** Stored bytes that a part may have on this device. */
export const partLimit = (gpu: Gpu): number => Math.min(PART_BYTES, largestBinding(gpu));

/** Rows cut into the parts of a matrix: their stored bytes fit a binding, and they begin at multiples of `step`. */
export const rowRanges = (gpu: Gpu, stored: StoredMatrix, step = 1): RowRange[] =>
  rangesWithin(partLimit(gpu), stored.rows, rowBytes(stored), step);

/** The rows of a part cut into pieces that are read one after the other, beginning at multiples of `step` within it. */
export const piecesOf = (stored: StoredMatrix, part: RowRange, step = 1): RowRange[] =>
  rangesWithin(PIECE_BYTES, part.rows, rowBytes(stored), step).map(({ first_row, rows }) => ({
    first_row: part.first_row + first_row,
    rows,
  }));

/** The least number of rows that together take a multiple of the 4 bytes that copies go by. */
export const copyStep = (bytesOfRow: number): number => [1, 4, 2, 4][bytesOfRow % 4]!;

/** Bytes of a row as it is stored. */
export const rowBytes = ({ columns, dtype }: Pick<StoredMatrix, 'columns' | 'dtype'>): number =>
  columns * dtypeBytes(dtype);

/**
 * The stored bytes of some rows.
 * @throws non-finite-weights naming the tensor, the element and its value.
 */
export async function readFinite(
  stored: StoredMatrix,
  { first_row, rows }: RowRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await stored.read(first_row, first_row + rows);
  const wrong = firstNonFinite(stored.dtype, bytes);
  if (wrong < 0) return bytes;
  const row = first_row + Math.floor(wrong / stored.columns);
  const place = `[${row}, ${wrong % stored.columns}]`;
  const value = decode(stored.dtype, bytes)[wrong]!;
  throw new LabError(
    'non-finite-weights',
    `${stored.name}${place} is ${value}; weights must be finite numbers.`,
  );
}
