import { LabError } from '../../errors.ts';
import { decode, type QuantizableDtype } from '../../tensor/dtype.ts';
import { firstNonFinite } from '../../tensor/finite.ts';
import { largestBinding } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { dtypeBytes } from '../kernels/stored.ts';

/** A matrix [rows, columns] of a checkpoint that can be read some rows at a time. */
export interface StoredMatrix {
  name: string;
  rows: number;
  columns: number;
  dtype: QuantizableDtype;
  read(firstRow: number, endRow: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A matrix on the device, in parts of whole rows that each fit a binding. */
export interface DeviceMatrix {
  rows: number;
  columns: number;
  parts: readonly MatrixPart[];
}

export type MatrixPart = RowRange & (FloatPart | BlockwisePart | Int8Part | LlmInt8Part);

export interface RowRange {
  first_row: number;
  rows: number;
}

/** Rows as the checkpoint stores them. */
export interface FloatPart {
  storage: 'float';
  dtype: QuantizableDtype;
  weight: GPUBuffer;
}

/** 4-bit codes; `code` and what is nested serve other parts, too. */
export interface BlockwisePart {
  storage: '4bit';
  blocksize: number;
  packed: GPUBuffer;
  /** f32, or u8 codes when nested. */
  absmax: GPUBuffer;
  code: GPUBuffer;
  nested?: NestedPart;
}

/** Where a part's absmax codes stand in the double quantization of the whole matrix. */
export interface NestedPart {
  first_block: number;
  absmax: GPUBuffer;
  code: GPUBuffer;
  offset: number;
}

export interface Int8Part {
  storage: 'int8';
  CB: GPUBuffer;
  SCB: GPUBuffer;
  /** 0 when one scale serves every row. */
  scale_stride: 0 | 1;
}

/** int8 rows padded to whole words, one scale each, to be multiplied with int8 activations. */
export interface LlmInt8Part {
  storage: 'llm_int8';
  CB: GPUBuffer;
  SCB: GPUBuffer;
}

/** Checkpoint bytes that pass through memory at once while a matrix is loaded. */
const PASSING_BYTES = 64 * 1024 * 1024;

/** Stored bytes that may pass through a buffer of this device at once. */
export const passingBytes = (gpu: Gpu): number => Math.min(PASSING_BYTES, largestBinding(gpu));

/** Rows cut into ranges whose stored bytes pass through memory and fit a binding, beginning at multiples of `step`. */
export const rowRanges = (gpu: Gpu, stored: Cut, step = 1): RowRange[] =>
  rangesWithin(passingBytes(gpu), stored, step);

/** Rows cut into ranges of `most` stored bytes, or of `step` rows where those take more. */
export function rangesWithin(most: number, { rows, columns, dtype }: Cut, step: number): RowRange[] {
  const fitting = Math.floor(most / (columns * dtypeBytes(dtype) * step)) * step;
  const size = Math.max(step, fitting);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    first_row: i * size,
    rows: Math.min(size, rows - i * size),
  }));
}

type Cut = Pick<StoredMatrix, 'rows' | 'columns' | 'dtype'>;

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

/** Rows of `columns` weights begin at a block's start every blocksize / gcd(blocksize, columns) rows. */
export const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
