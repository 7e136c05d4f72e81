import { quantizeInt8 } from '../../quant/int8.ts';
import type { Int8Tensor } from '../../quant/quantized.ts';
import { decode, roundToF16 } from '../../tensor/dtype.ts';
import { largestBinding, write, type Arena } from '../device/buffers.ts';
import type { Kernel } from '../device/kernel.ts';
import {
  gemm_llm_int8,
  gemm_llm_int8_packed,
  matvec_llm_int8,
  matvec_llm_int8_packed,
  tile_llm_int8,
  tile_llm_int8_packed,
} from '../kernels/gemm_llm_int8.ts';
import { int8_vectorwise_quant } from '../kernels/int8_vectorwise_quant.ts';
import { list_outliers } from '../kernels/list_outliers.ts';
import { outlier_columns } from '../kernels/outlier_columns.ts';
import { paddedWords } from '../kernels/padded.ts';
import type { CpuRoom } from './cpu_room.ts';
import { inParts, rangesWithin, type Matrix } from './parts.ts';
import type { OwnKernel, Storage } from './storage.ts';
import { piecesOf, readFinite, rowRanges, type StoredMatrix } from './stored_matrix.ts';

/** int8 rows padded to whole words, one scale each, to be multiplied with int8 activations. */
export interface LlmInt8Part {
  storage: 'llm_int8';
  CB: GPUBuffer;
  SCB: GPUBuffer;
}

/** LLM.int8(): integers times integers, so no form that multiplies floats serves it. */
export const LLM_INT8: Storage<LlmInt8Part> = {
  matmul: [
    { kernel: tile_llm_int8_packed, adapters: 'hardware', M: 16 },
    { kernel: tile_llm_int8, adapters: 'hardware', M: 16 },
    { kernel: matvec_llm_int8_packed, adapters: 'hardware', M: 1 },
    { kernel: matvec_llm_int8, adapters: 'hardware', M: 1 },
    { kernel: gemm_llm_int8_packed, adapters: 'software', M: 1 },
    { kernel: gemm_llm_int8, adapters: 'software', M: 1 },
  ] as unknown as readonly OwnKernel[],
  others: [outlier_columns, list_outliers, int8_vectorwise_quant] as unknown as readonly Kernel[],
  bind({ CB, SCB }, int8) {
    const { threshold, columns, CA, SCA } = int8!;
    return { params: { threshold }, buffers: { columns, CA, SCA, CB, SCB }, overrides: {} };
  },
};

/** Quantizes a matrix for LLM.int8(): through float16 to rows of int8. */
export const loadLlmInt8 = (
  arena: Arena,
  stored: StoredMatrix,
  room: CpuRoom,
): Promise<Matrix<LlmInt8Part>> =>
  inParts(stored, rowRanges(arena.gpu, stored), async (part) => {
    const { gpu } = arena;
    const { name, columns } = stored;
    const rowWords = 4 * Math.ceil(columns / 4);
    const CB = await arena.allocate(part.rows * rowWords, name);
    const SCB = await arena.allocate(4 * part.rows, `${name} SCB`);
    for (const piece of piecesOf(stored, part)) {
      const at = piece.first_row - part.first_row;
      const n = piece.rows * columns;
      const data = decode(stored.dtype, await readFinite(stored, piece), room.floats(n));
      for (let i = 0; i < n; i++) data[i] = roundToF16(data[i]!);
      const some = quantizeInt8({ shape: [piece.rows, columns], data }, 'row', room.integers(n));
      write(gpu, CB, columns % 4 === 0 ? some.CB : paddedWords(some.CB, columns), at * rowWords);
      write(gpu, SCB, some.SCB, 4 * at);
    }
    return { storage: 'llm_int8', CB, SCB };
  });

/** Brings int8 rows to the device that were quantized elsewhere. */
export function uploadLlmInt8(arena: Arena, name: string, ready: Int8Tensor): Promise<Matrix<LlmInt8Part>> {
  const [rows, columns] = ready.shape as [number, number];
  const ranges = rangesWithin(largestBinding(arena.gpu), rows, columns);
  return inParts({ rows, columns }, ranges, ({ first_row, rows }) => {
    const end = first_row + rows;
    const CB = ready.CB.subarray(first_row * columns, end * columns);
    return uploadRows(arena, name, columns, CB, ready.SCB.slice(first_row, end));
  });
}

const uploadRows = async (
  arena: Arena,
  name: string,
  columns: number,
  CB: Int8Array,
  SCB: Float32Array<ArrayBuffer>,
): Promise<LlmInt8Part> => ({
  storage: 'llm_int8',
  CB: await arena.upload(paddedWords(CB, columns), name),
  SCB: await arena.upload(SCB, `${name} SCB`),
});
