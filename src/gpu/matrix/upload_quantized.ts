import type { Blockwise4bit, Int8Tensor, QuantizedTensor } from '../../quant/quantized.ts';
import { largestBinding, type Arena } from '../device/buffers.ts';
import { gcd, type DeviceMatrix, type MatrixPart, type RowRange } from './matrix.ts';
import { paddedWords } from '../kernels/padded.ts';

/** Brings a matrix to the device that was quantized elsewhere; its codes and scales are the ones it came with. */
export function loadQuantized(arena: Arena, name: string, quantized: QuantizedTensor): Promise<DeviceMatrix> {
  return quantized.quant_type === 'int8'
    ? loadInt8(arena, name, quantized)
    : loadBlockwise(arena, name, quantized);
}

async function loadInt8(arena: Arena, name: string, { shape, CB, SCB }: Int8Tensor): Promise<DeviceMatrix> {
  const [rows, columns] = shape as [number, number];
  const parts: MatrixPart[] = [];
  for (const { first_row, rows: count } of cut(arena, rows, columns, 1)) {
    const integers = CB.subarray(first_row * columns, (first_row + count) * columns);
    parts.push({
      first_row,
      rows: count,
      storage: 'llm_int8',
      CB: await arena.upload(paddedWords(integers, columns), name),
      SCB: await arena.upload(SCB.slice(first_row, first_row + count), `${name} SCB`),
    });
  }
  return { rows, columns, parts };
}

async function loadBlockwise(arena: Arena, name: string, quantized: Blockwise4bit): Promise<DeviceMatrix> {
  const { shape, blocksize, packed, scales } = quantized;
  const [rows, columns] = shape as [number, number];
  const code = await arena.upload(quantized.code, 'code');
  const nested = scales.kind === 'nested' ? scales : undefined;
  const shared = nested && {
    absmax: await arena.upload(nested.nested_absmax, 'nested absmax'),
    code: await arena.upload(nested.code, 'nested code'),
    offset: nested.offset,
  };
  const parts: MatrixPart[] = [];
  for (const range of cut(arena, rows, columns, blocksize / gcd(blocksize, columns))) {
    const begin = range.first_row * columns;
    const end = begin + range.rows * columns;
    const blocks = [begin / blocksize, Math.ceil(end / blocksize)] as const;
    const own = (scales.kind === 'nested' ? scales.codes : scales.absmax).slice(...blocks);
    parts.push({
      ...range,
      storage: '4bit',
      blocksize,
      packed: await arena.upload(packed.slice(begin / 2, Math.ceil(end / 2)), name),
      absmax: await arena.upload(own, `${name} absmax`),
      code,
      ...(shared ? { nested: { first_block: blocks[0], ...shared } } : {}),
    });
  }
  return { rows, columns, parts };
}

/** Rows in ranges of at most a binding's bytes, one byte a weight being enough for both storages. */
function cut({ gpu }: Arena, rows: number, columns: number, step: number): RowRange[] {
  const size = Math.max(step, Math.floor(largestBinding(gpu) / (columns * step)) * step);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    first_row: i * size,
    rows: Math.min(size, rows - i * size),
  }));
}
