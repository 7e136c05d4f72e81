import { LabError } from '../../errors.ts';
import { decode, type QuantizableDtype } from '../../tensor/dtype.ts';
import { firstNonFinite } from '../../tensor/finite.ts';
import { largestBinding } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { dtypeBytes } from '../kernels/stored.ts';
import { rangesWithin, type RowRange } from './parts.ts';

/** A matrix [rows, columns] of a checkpoint that can be read some rows at a time. */
export interface StoredMatrix {
  name: string;
  rows: number;
  columns: number;
  dtype: QuantizableDtype;
  read(firstRow: number, endRow: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Checkpoint bytes that pass through memory at once while a matrix is loaded. */
const PASSING_BYTES = 64 * 1024 * 1024;

/** Stored bytes that may pass through a buffer of this device at once. */
export const passingLimit = (gpu: Gpu): number => Math.min(PASSING_BYTES, largestBinding(gpu));

/** Rows cut into ranges whose stored bytes pass through memory and fit a binding, beginning at multiples of `step`. */
export const rowRanges = (gpu: Gpu, stored: StoredMatrix, step = 1): RowRange[] =>
  rangesWithin(passingLimit(gpu), stored.rows, rowBytes(stored), step);

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
