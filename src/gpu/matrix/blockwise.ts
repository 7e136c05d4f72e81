import loads from '../../../shaders/preludes/blockwise_loads.wgsl?raw';
import words from '../../../shaders/preludes/blockwise_words.wgsl?raw';
import scales from '../../../shaders/preludes/scales.wgsl?raw';
import step from '../../../shaders/preludes/step_of_8.wgsl?raw';
import readTable from '../../../shaders/preludes/table_read.wgsl?raw';
import sharedTable from '../../../shaders/preludes/table_shared.wgsl?raw';
import weight from '../../../shaders/preludes/weight_blockwise.wgsl?raw';
import type { Codebook } from '../../quant/codebook.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { INT4 } from '../../quant/formats/int4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { quantizeAbsmax } from '../../quant/double_quant.ts';
import type { Blockwise4bit } from '../../quant/quantized.ts';
import { copy, largestBinding, openArena, readBack, write, type Arena } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import { throwIfLost } from '../device/device.ts';
import type { Kernel } from '../device/kernel.ts';
import {
  BLOCKWISE,
  BLOCKWISE_BINDINGS,
  SCALES,
  blockParams,
  blockTouches,
  ODD_FIRST_BLOCK,
  blockwiseCase,
  blockwiseWeights,
} from '../kernels/blockwise.ts';
import { normals } from '../kernels/cases.ts';
import { quantize_4bit } from '../kernels/quantize_4bit.ts';
import { DTYPE } from '../kernels/stored.ts';
import { blockStep, inParts, rangesWithin, type Matrix, type RowRange } from './parts.ts';
import { bindScales, nestedUpload, scalesUpload, type PartScales } from './scales.ts';
import { inShiftedBlocks } from './shifted_blocks.ts';
import { defineStorage } from './storage.ts';
import { openTables } from './tables.ts';
import { piecesOf, readFinite, rowBytes, rowRanges, type StoredMatrix } from './stored_matrix.ts';

/** 4-bit codes, the scales of their blocks, and the sixteen values that all parts share. */
export interface BlockwisePart {
  storage: 'blockwise';
  blocksize: number;
  packed: GPUBuffer;
  code: GPUBuffer;
  scales: PartScales;
}

/** The codes that all 4-bit matrices of a model share, and on the device: the nested one for double quantization. */
export interface SharedCodes {
  book: Codebook;
  code: GPUBuffer;
  nested_code?: GPUBuffer;
}

/** 4-bit codes in blocks of consecutive weights. */
export const BLOCKWISE_4BIT = defineStorage({
  matmul: {
    name: 'blockwise',
    decoding: {
      words: scales + step + words + weight + sharedTable,
      alone: scales + step + words + weight + readTable,
      loads: scales + step + loads + weight + sharedTable,
    },
    params: BLOCKWISE,
    bindings: BLOCKWISE_BINDINGS,
    decode: ({ rows, K }, params, arrays, overrides) => blockwiseWeights(rows * K, params, arrays, overrides),
    touches: ({ K, block_shift, first_block }, overrides) => {
      const blocksize = 2 ** block_shift;
      const nested = overrides.SCALES === SCALES.nested;
      const scale = (block: number) => blockTouches(block, first_block, overrides);
      return {
        step: 8,
        prepare: (lane) => (lane < 16 ? [['code', lane]] : []),
        row_at: () => [],
        step_of(n, k) {
          const at = Math.floor((n * K) / 8) + k;
          const block = Math.floor(at / (blocksize / 8));
          return [['packed', at], ...scale(block)];
        },
        weight_of: (n, k) => [
          ['packed', Math.floor((n * K + k) / 8)],
          ...scale(Math.floor((n * K + k) / blocksize)),
        ],
        instructions: nested ? 7 : 6,
        shared_reads: 1,
        loads: {
          size: K % 32 === 0 && block_shift >= 4 ? 32 : 0,
          array: 'packed',
          per: 4,
          prepare: (lane) => (lane < 16 ? [['code', lane]] : []),
          load_of(n, k) {
            const first = n * K + 32 * k;
            const halves = block_shift < 5 ? [first, first + 16] : [first];
            return [['packed', first / 32], ...halves.flatMap((i) => scale(Math.floor(i / blocksize)))];
          },
          instructions: nested ? 6.2 : 5.4,
          shared_reads: 1,
        },
      };
    },
    cases({ rows, K }, i) {
      const book = (...books: Codebook[]) => books[i % 3]!;
      const plain = normals(rows * K, i + 100);
      const nested = normals(rows * K, i + 150);
      return [
        blockwiseCase(plain, book(NF4, FP4, INT4), [64, 32, 128][i % 3]!, false),
        blockwiseCase(nested, book(FP4, NF4, NF4), [16, 4096, 64][i % 3]!, true, ODD_FIRST_BLOCK),
        blockwiseCase(plain, INT4, [32, 128, 64][i % 3]!, false, 0, 'zero'),
        blockwiseCase(nested, NF4, [64, 32, 128][i % 3]!, false, 0, 'minimum'),
      ];
    },
  },
  others: [quantize_4bit as unknown as Kernel],
  bind({ packed, code, blocksize, scales }: BlockwisePart) {
    const { params, buffers, overrides } = bindScales(scales);
    return {
      params: { ...blockParams(blocksize), ...params },
      buffers: { packed, code, ...buffers },
      overrides,
    };
  },
});

/** Quantizes a matrix to 4 bits on the GPU, part by part; with a nested code, its absmax values in their turn. */
export async function loadBlockwise(
  arena: Arena,
  stored: StoredMatrix,
  { blocksize }: { blocksize: number },
  codes: SharedCodes,
): Promise<Matrix<BlockwisePart>> {
  // A part begins where a block begins.
  const ranges = rowRanges(arena.gpu, stored, blockStep(blocksize, stored.columns));
  const matrix = await inParts(stored, ranges, (part) => quantizePart(arena, stored, part, blocksize, codes));
  return codes.nested_code ? nest(arena, matrix, codes.nested_code) : matrix;
}

type PlainPart = BlockwisePart & { scales: { kind: 'absmax' } };

/** The GPU quantizes a part piece by piece, in buffers that serve one piece after the other. */
async function quantizePart(
  arena: Arena,
  stored: StoredMatrix,
  part: RowRange,
  blocksize: number,
  { book, code }: SharedCodes,
): Promise<PlainPart> {
  const { gpu } = arena;
  const { name, columns, dtype } = stored;
  const pieces = piecesOf(stored, part, blockStep(blocksize, columns));
  const packedBytes = (weights: number) => Math.ceil(weights / 2);
  const absmaxBytes = (weights: number) => 4 * Math.ceil(weights / blocksize);
  const passing = openArena(gpu);
  try {
    const most = pieces[0]!.rows;
    const packed = await arena.allocate(packedBytes(part.rows * columns), name);
    const absmax = await arena.allocate(absmaxBytes(part.rows * columns), `${name} absmax`);
    const isWhole = pieces.length === 1;
    const buffers = {
      weight: await passing.allocate(most * rowBytes(stored), `${name}, to be quantized`),
      thresholds: await passing.upload(book.thresholds, 'thresholds'),
      order: await passing.upload(Uint32Array.from(book.order), 'order'),
      packed: isWhole ? packed : await passing.allocate(packedBytes(most * columns), name),
      absmax: isWhole ? absmax : await passing.allocate(absmaxBytes(most * columns), name),
    };
    const commands = recordCommands(gpu);
    for (const piece of pieces) {
      const n = piece.rows * columns;
      write(gpu, buffers.weight, await readFinite(stored, piece));
      commands.dispatch(quantize_4bit, { n, blocksize }, buffers, { DTYPE: DTYPE[dtype] });
      commands.submit();
      if (isWhole) continue;
      const before = (piece.first_row - part.first_row) * columns;
      copy(gpu, buffers.packed, { buffer: packed, offset: packedBytes(before) }, packedBytes(n));
      copy(gpu, buffers.absmax, { buffer: absmax, offset: absmaxBytes(before) }, absmaxBytes(n));
    }
    try {
      // Nothing is read back here that would tell of codes that were never computed.
      await commands.proof;
    } finally {
      commands.close();
    }
    throwIfLost(gpu);
    return { storage: 'blockwise', blocksize, packed, code, scales: { kind: 'absmax', absmax } };
  } finally {
    // The device lets go of them once the dispatch has run.
    passing.close();
  }
}

/**
 * Double quantization of a matrix whose parts are on the device. The mean runs over all parts, and 1/64 of the weights
 * or less comes back for it: the CPU's sum is the same on every adapter.
 */
async function nest(
  arena: Arena,
  { rows, columns, parts }: Matrix<PlainPart>,
  nested_code: GPUBuffer,
): Promise<Matrix<BlockwisePart>> {
  const counts = parts.map(({ rows, blocksize }) => Math.ceil((rows * columns) / blocksize));
  const absmax = new Float32Array(counts.reduce((sum, blocks) => sum + blocks, 0));
  let at = 0;
  for (const [i, { scales }] of parts.entries()) {
    absmax.set(new Float32Array(await readBack(arena.gpu, scales.absmax, 4 * counts[i]!)), at);
    at += counts[i]!;
    arena.free(scales.absmax);
  }
  const upload = await nestedUpload(arena, quantizeAbsmax(absmax), nested_code);
  const nested: (RowRange & BlockwisePart)[] = [];
  let first = 0;
  for (const [i, part] of parts.entries()) {
    nested.push({ ...part, scales: await upload(first, (first += counts[i]!)) });
  }
  return { rows, columns, parts: nested };
}

/** Brings 4-bit codes to the device that were quantized elsewhere; its scales are the ones they came with. */
export async function uploadBlockwise(
  arena: Arena,
  name: string,
  made: Blockwise4bit,
  tables = openTables(arena),
): Promise<Matrix<BlockwisePart>> {
  const ready = inShiftedBlocks(made);
  const { shape, blocksize, packed } = ready;
  const [rows, columns] = shape as [number, number];
  const code = await tables(ready.code, 'code');
  const scales = await scalesUpload(arena, ready.scales, ready.shift, tables);
  // One byte a weight is more than its code and its scale take.
  const ranges = rangesWithin(largestBinding(arena.gpu), rows, columns, blockStep(blocksize, columns));
  return inParts({ rows, columns }, ranges, async ({ first_row, rows }) => {
    const begin = first_row * columns;
    const end = begin + rows * columns;
    return {
      storage: 'blockwise',
      blocksize,
      packed: await arena.upload(packed.slice(begin / 2, Math.ceil(end / 2)), name),
      code,
      scales: await scales(begin / blocksize, Math.ceil(end / blocksize)),
    };
  });
}
