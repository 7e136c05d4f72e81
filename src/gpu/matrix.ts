import { LabError } from '../errors.ts';
import type { Codebook } from '../quant/codebook.ts';
import type { QuantConfig } from '../quant/config.ts';
import { quantizeInt8 } from '../quant/int8.ts';
import { codebookOf } from '../quant/quantize.ts';
import { decode, type QuantizableDtype } from '../tensor/dtype.ts';
import { firstNonFinite } from '../tensor/finite.ts';
import { recordCommands } from './commands.ts';
import { allocate, free, largestBinding, throwIfLost, upload, type Gpu } from './device.ts';
import { quantize_4bit } from './quantize_4bit.ts';
import { DTYPE, dtypeBytes } from './stored.ts';

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
  /** Bytes on the device, scales included. */
  bytes: number;
}

export type MatrixPart = { first_row: number; rows: number } & (FloatPart | BlockwisePart | Int8Part);

export interface FloatPart {
  storage: 'float';
  dtype: QuantizableDtype;
  weight: GPUBuffer;
}

export interface BlockwisePart {
  storage: '4bit';
  blocksize: number;
  packed: GPUBuffer;
  absmax: GPUBuffer;
  /** Shared by all matrices of a model: the loader's own to free. */
  code: GPUBuffer;
}

export interface Int8Part {
  storage: 'int8';
  CB: GPUBuffer;
  SCB: GPUBuffer;
  /** 0 when one scale serves every row. */
  scale_stride: 0 | 1;
}

/** A configuration, and on the device the code its 4-bit matrices share. */
export interface Storing {
  config: QuantConfig;
  book?: Codebook;
  code?: GPUBuffer;
}

/** Readies a configuration for loadMatrix; `code` is the caller's to free. */
export async function storeAs(gpu: Gpu, config: QuantConfig): Promise<Storing> {
  if (config.quant_type === 'none' || config.quant_type === 'int8') return { config };
  const book = codebookOf(config);
  return { config, book, code: await upload(gpu, book.code, 'code') };
}

/** Checkpoint bytes that pass through memory at once while a matrix is loaded. */
const PASSING_BYTES = 64 * 1024 * 1024;

/**
 * Brings a matrix to the device under a configuration: rows are read, checked, quantized and forgotten, some at a
 * time, so memory holds one part of one tensor.
 * @throws non-finite-weights naming the tensor and element; out-of-memory, device-lost.
 */
export async function loadMatrix(gpu: Gpu, stored: StoredMatrix, storing: Storing): Promise<DeviceMatrix> {
  const { config } = storing;
  const parts: MatrixPart[] = [];
  try {
    if (config.quant_type === 'int8') {
      parts.push(...(await loadInt8(gpu, stored, config.granularity)));
    } else if (config.quant_type === 'none') {
      for (const range of rowRanges(gpu, stored, 1)) parts.push(await loadFloat(gpu, stored, range));
    } else {
      // A part begins where a block begins.
      const step = config.blocksize / gcd(config.blocksize, stored.columns);
      const { book, code } = storing;
      for (const range of rowRanges(gpu, stored, step)) {
        parts.push(
          await loadBlockwise(gpu, stored, range, { book: book!, code: code!, blocksize: config.blocksize }),
        );
      }
    }
  } catch (error) {
    parts.forEach((part) => freePart(gpu, part));
    throw error;
  }
  const bytes = parts.flatMap(partBuffers).reduce((sum, buffer) => sum + buffer.size, 0);
  return { rows: stored.rows, columns: stored.columns, parts, bytes };
}

/** Frees a matrix's buffers. */
export function freeMatrix(gpu: Gpu, matrix: DeviceMatrix): void {
  matrix.parts.forEach((part) => freePart(gpu, part));
}

interface RowRange {
  first_row: number;
  rows: number;
}

async function loadFloat(gpu: Gpu, stored: StoredMatrix, range: RowRange): Promise<MatrixPart> {
  const bytes = await readFinite(stored, range);
  return { ...range, storage: 'float', dtype: stored.dtype, weight: await upload(gpu, bytes, stored.name) };
}

async function loadBlockwise(
  gpu: Gpu,
  stored: StoredMatrix,
  range: RowRange,
  { book, code, blocksize }: { book: Codebook; code: GPUBuffer; blocksize: number },
): Promise<MatrixPart> {
  const bytes = await readFinite(stored, range);
  const n = range.rows * stored.columns;
  const passing: GPUBuffer[] = [];
  const kept: GPUBuffer[] = [];
  const pass = async (data: ArrayBufferView<ArrayBuffer>, what: string) =>
    (passing[passing.length] = await upload(gpu, data, what));
  const keep = async (size: number, what: string) => (kept[kept.length] = await allocate(gpu, size, what));
  try {
    const weight = await pass(bytes, `${stored.name}, to be quantized`);
    const thresholds = await pass(book.thresholds, 'thresholds');
    const order = await pass(Uint32Array.from(book.order), 'order');
    const packed = await keep(Math.ceil(n / 2), stored.name);
    const absmax = await keep(4 * Math.ceil(n / blocksize), `${stored.name} absmax`);
    const commands = recordCommands(gpu);
    const buffers = { weight, thresholds, order, packed, absmax };
    commands.dispatch(quantize_4bit, { n, blocksize }, buffers, { DTYPE: DTYPE[stored.dtype] });
    commands.submit();
    commands.close();
    throwIfLost(gpu);
    return { ...range, storage: '4bit', blocksize, packed, absmax, code };
  } catch (error) {
    kept.forEach((buffer) => free(gpu, buffer));
    throw error;
  } finally {
    // The device lets go of them once the dispatch has run.
    passing.forEach((buffer) => free(gpu, buffer));
  }
}

async function loadInt8(
  gpu: Gpu,
  stored: StoredMatrix,
  granularity: 'row' | 'tensor',
): Promise<MatrixPart[]> {
  const whole = { first_row: 0, rows: stored.rows };
  // One scale for the tensor needs all of it at once; rows are independent.
  const reads = granularity === 'tensor' ? [whole] : rowRanges(gpu, stored, 1);
  const parts: MatrixPart[] = [];
  for (const read of reads) {
    const data = decode(stored.dtype, await readFinite(stored, read));
    const { CB, SCB } = quantizeInt8({ shape: [read.rows, stored.columns], data }, granularity);
    for (const { first_row, rows } of rowRanges(gpu, { ...stored, rows: read.rows }, 1)) {
      const integers = CB.subarray(first_row * stored.columns, (first_row + rows) * stored.columns);
      const scales = granularity === 'tensor' ? SCB : SCB.subarray(first_row, first_row + rows);
      parts.push({
        first_row: read.first_row + first_row,
        rows,
        storage: 'int8',
        CB: await upload(gpu, integers, stored.name),
        SCB: await upload(gpu, scales, `${stored.name} SCB`),
        scale_stride: granularity === 'tensor' ? 0 : 1,
      });
    }
  }
  return parts;
}

async function readFinite(
  stored: StoredMatrix,
  { first_row, rows }: RowRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await stored.read(first_row, first_row + rows);
  const wrong = firstNonFinite(stored.dtype, bytes);
  if (wrong >= 0) {
    const row = first_row + Math.floor(wrong / stored.columns);
    const place = `[${row}, ${wrong % stored.columns}]`;
    const value = decode(stored.dtype, bytes)[wrong]!;
    throw new LabError(
      'non-finite-weights',
      `${stored.name}${place} is ${value}; weights must be finite numbers.`,
    );
  }
  return bytes;
}

/** Rows cut into ranges whose stored bytes pass through memory and fit a binding, beginning at multiples of `step`. */
function rowRanges(gpu: Gpu, { rows, columns, dtype }: StoredMatrix, step: number): RowRange[] {
  const most = Math.min(PASSING_BYTES, largestBinding(gpu));
  const fitting = Math.floor(most / (columns * dtypeBytes(dtype) * step)) * step;
  const size = Math.max(step, fitting);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    first_row: i * size,
    rows: Math.min(size, rows - i * size),
  }));
}

function partBuffers(part: MatrixPart): GPUBuffer[] {
  switch (part.storage) {
    case 'float':
      return [part.weight];
    case '4bit':
      return [part.packed, part.absmax];
    case 'int8':
      return [part.CB, part.SCB];
  }
}

const freePart = (gpu: Gpu, part: MatrixPart): void =>
  partBuffers(part).forEach((buffer) => free(gpu, buffer));

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
