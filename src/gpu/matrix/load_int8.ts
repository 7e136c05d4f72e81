import { quantizeInt8 } from '../../quant/int8.ts';
import { quantizeLlmInt8 } from '../../quant/llm_int8.ts';
import { decode } from '../../tensor/dtype.ts';
import type { Arena } from '../device/buffers.ts';
import { paddedWords } from '../kernels/padded.ts';
import {
  readFinite,
  rowRanges,
  type DeviceMatrix,
  type Int8Part,
  type LlmInt8Part,
  type RowRange,
  type StoredMatrix,
} from './matrix.ts';

/** Quantizes a matrix to int8 on the CPU, part by part; one scale for the tensor needs all of it at once. */
export async function loadInt8(
  arena: Arena,
  stored: StoredMatrix,
  granularity: 'row' | 'tensor',
): Promise<DeviceMatrix> {
  const { name, rows, columns, dtype } = stored;
  const parts: (RowRange & Int8Part)[] = [];
  const reads = granularity === 'tensor' ? [{ first_row: 0, rows }] : rowRanges(arena.gpu, stored);
  for (const read of reads) {
    const data = decode(dtype, await readFinite(stored, read));
    const { CB, SCB } = quantizeInt8({ shape: [read.rows, columns], data }, granularity);
    for (const { first_row, rows } of rowRanges(arena.gpu, { ...stored, rows: read.rows })) {
      const scales = granularity === 'tensor' ? SCB : SCB.subarray(first_row, first_row + rows);
      parts.push({
        first_row: read.first_row + first_row,
        rows,
        storage: 'int8',
        CB: await arena.upload(CB.subarray(first_row * columns, (first_row + rows) * columns), name),
        SCB: await arena.upload(scales, `${name} SCB`),
        scale_stride: granularity === 'tensor' ? 0 : 1,
      });
    }
  }
  return { rows, columns, parts };
}

/** Quantizes a matrix for LLM.int8(): through float16 to rows of int8, padded to whole words. */
export async function loadLlmInt8(arena: Arena, stored: StoredMatrix): Promise<DeviceMatrix> {
  const { name, rows, columns, dtype } = stored;
  const parts: (RowRange & LlmInt8Part)[] = [];
  for (const range of rowRanges(arena.gpu, stored)) {
    const data = decode(dtype, await readFinite(stored, range));
    const { CB, SCB } = quantizeLlmInt8({ shape: [range.rows, columns], data });
    parts.push({
      ...range,
      storage: 'llm_int8',
      CB: await arena.upload(paddedWords(CB, columns), name),
      SCB: await arena.upload(SCB, `${name} SCB`),
    });
  }
  return { rows, columns, parts };
}
