import loads from '../../../shaders/preludes/blockwise_loads.wgsl?raw';
import words from '../../../shaders/preludes/blockwise_words.wgsl?raw';
import scales from '../../../shaders/preludes/scales.wgsl?raw';
import step from '../../../shaders/preludes/step_of_8.wgsl?raw';
import readTable from '../../../shaders/preludes/table_read.wgsl?raw';
import sharedTable from '../../../shaders/preludes/table_shared.wgsl?raw';
import shuffledTable from '../../../shaders/preludes/table_shuffled.wgsl?raw';
import weight from '../../../shaders/preludes/weight_blockwise.wgsl?raw';
import type { Codebook } from '../../quant/codebook.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { INT4 } from '../../quant/formats/int4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { nestedBlocks } from '../../quant/double_quant.ts';
import type { Blockwise4bit } from '../../quant/quantized.ts';
import { copy, largestBinding, openArena, write, type Arena, type Place } from '../device/buffers.ts';
import { recordCommands, type Commands } from '../device/commands.ts';
import { throwIfLost } from '../device/device.ts';
import type { Kernel } from '../device/kernel.ts';
import { nestedCodes } from '../device/limits.ts';
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
import { mean_absmax } from '../kernels/mean_absmax.ts';
import { quantize_4bit } from '../kernels/quantize_4bit.ts';
import { quantize_absmax } from '../kernels/quantize_absmax.ts';
import { DTYPE } from '../kernels/stored.ts';
import { blockStep, inParts, rangesWithin, type Matrix, type RowRange } from './parts.ts';
import { bindScales, nestedPart, scalesUpload, type PartScales } from './scales.ts';
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

/** What all 4-bit matrices of a model share on the device: the code, and for double quantization that of the scales. */
export interface SharedCodes {
  book: Codebook;
  code: GPUBuffer;
  nested?: { code: GPUBuffer; midpoints: GPUBuffer };
}

/** 4-bit codes in blocks of consecutive weights. */
export const BLOCKWISE_4BIT = defineStorage({
  matmul: {
    name: 'blockwise',
    decoding: {
      words: scales + step + words + weight + sharedTable,
      alone: scales + step + words + weight + readTable,
      shuffled: scales + step + words + weight + shuffledTable,
      loads: scales + step + loads + weight + sharedTable,
    },
    params: BLOCKWISE,
    bindings: BLOCKWISE_BINDINGS,
    decode: ({ rows, K }, params, arrays, overrides) => blockwiseWeights(rows * K, params, arrays, overrides),
    touches: ({ K, block_shift, first_block, absmax_offset }, overrides) => {
      const blocksize = 2 ** block_shift;
      const nested = overrides.SCALES === SCALES.nested;
      const scale = (block: number) => blockTouches(block, first_block, overrides);
      return {
        step: 8,
        prepare: (lane) => (lane < 16 ? [['code', lane]] : []),
        row_at: () => (nested ? [['nested_absmax', absmax_offset]] : []),
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
  others: [quantize_4bit, mean_absmax, quantize_absmax] as unknown as Kernel[],
  bind({ packed, code, blocksize, scales }: BlockwisePart) {
    const { params, buffers, overrides } = bindScales(scales);
    return {
      params: { ...blockParams(blocksize), ...params },
      buffers: { packed, code, ...buffers },
      overrides,
    };
  },
});

/**
 * Quantizes a matrix to 4 bits on the GPU, part by part; with the tables for it, its absmax values in their turn, once all
 * are there, for their mean runs over all parts. Nothing is read back.
 */
export async function loadBlockwise(
  arena: Arena,
  stored: StoredMatrix,
  { blocksize }: { blocksize: number },
  { book, code, nested: tables }: SharedCodes,
): Promise<Matrix<BlockwisePart>> {
  const { gpu } = arena;
  const { name, rows, columns } = stored;
  const blocksOf = (rows: number) => Math.ceil((rows * columns) / blocksize);
  const passing = openArena(gpu);
  const commands = recordCommands(gpu);
  try {
    const nested = tables && (await nestedRoom(arena, passing, name, blocksOf(rows)));
    // A part begins where a block begins.
    const ranges = rowRanges(gpu, stored, blockStep(blocksize, columns));
    const matrix = await inParts(stored, ranges, async (part): Promise<BlockwisePart> => {
      const first = blocksOf(part.first_row);
      const absmax = nested
        ? { buffer: nested.absmax, offset: 4 * first }
        : { buffer: await arena.allocate(4 * blocksOf(part.rows), `${name} absmax`) };
      const packed = await quantizePart(arena, commands, stored, part, { blocksize, book }, absmax);
      const scales: PartScales = nested
        ? nestedPart({ ...nested, nested_code: tables.code }, first)
        : { kind: 'absmax', absmax: absmax.buffer };
      return { storage: 'blockwise', blocksize, packed, code, scales };
    });
    if (nested) {
      const { blocks, ...buffers } = nested;
      commands.dispatch(mean_absmax, { blocks }, buffers);
      commands.dispatch(quantize_absmax, { blocks }, { ...buffers, midpoints: tables.midpoints });
      commands.submit();
    }
    // Nothing is read back here that would tell of codes that were never computed.
    await commands.proof;
    throwIfLost(gpu);
    return matrix;
  } finally {
    // The device lets go of them once the dispatches have run.
    commands.close();
    passing.close();
  }
}

/** Room for a matrix's double-quantized scales, and for the absmax that they are made of. */
async function nestedRoom(arena: Arena, passing: Arena, name: string, blocks: number) {
  return {
    blocks,
    absmax: await passing.allocate(4 * blocks, `${name} absmax`),
    codes: await arena.allocate(nestedCodes(blocks), `${name} absmax codes`),
    nested_absmax: await arena.allocate(4 * (nestedBlocks(blocks) + 1), `${name} nested absmax`),
  };
}

/** The GPU quantizes a part piece by piece, in buffers that serve one piece after the other; its codes. */
async function quantizePart(
  arena: Arena,
  commands: Commands,
  stored: StoredMatrix,
  part: RowRange,
  { blocksize, book }: { blocksize: number; book: Codebook },
  absmax: Place,
): Promise<GPUBuffer> {
  const { gpu } = arena;
  const { name, columns, dtype } = stored;
  const pieces = piecesOf(stored, part, blockStep(blocksize, columns));
  const packedBytes = (weights: number) => Math.ceil(weights / 2);
  const absmaxBytes = (weights: number) => 4 * Math.ceil(weights / blocksize);
  const passing = openArena(gpu);
  try {
    const most = pieces[0]!.rows;
    const packed = await arena.allocate(packedBytes(part.rows * columns), name);
    const begin = absmax.offset ?? 0;
    const isWhole = pieces.length === 1 && begin === 0;
    const buffers = {
      weight: await passing.allocate(most * rowBytes(stored), `${name}, to be quantized`),
      thresholds: await passing.upload(book.thresholds, 'thresholds'),
      order: await passing.upload(Uint32Array.from(book.order), 'order'),
      packed: isWhole ? packed : await passing.allocate(packedBytes(most * columns), name),
      absmax: isWhole ? absmax.buffer : await passing.allocate(absmaxBytes(most * columns), name),
    };
    for (const piece of pieces) {
      const n = piece.rows * columns;
      write(gpu, buffers.weight, await readFinite(stored, piece));
      commands.dispatch(quantize_4bit, { n, blocksize }, buffers, { DTYPE: DTYPE[dtype] });
      commands.submit();
      if (isWhole) continue;
      const before = (piece.first_row - part.first_row) * columns;
      copy(gpu, { buffer: buffers.packed }, { buffer: packed, offset: packedBytes(before) }, packedBytes(n));
      const into = { buffer: absmax.buffer, offset: begin + absmaxBytes(before) };
      copy(gpu, { buffer: buffers.absmax }, into, absmaxBytes(n));
    }
    return packed;
  } finally {
    passing.close();
  }
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
