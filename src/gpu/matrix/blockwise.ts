import scales from '../../../shaders/preludes/scales.wgsl?raw';
import step from '../../../shaders/preludes/step_of_8.wgsl?raw';
import weight from '../../../shaders/preludes/weight_blockwise.wgsl?raw';
import type { Codebook } from '../../quant/codebook.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { INT4 } from '../../quant/formats/int4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { quantizeAbsmax } from '../../quant/double_quant.ts';
import type { Blockwise4bit } from '../../quant/quantized.ts';
import { largestBinding, openArena, readBack, type Arena } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import { throwIfLost } from '../device/device.ts';
import type { Kernel } from '../device/kernel.ts';
import {
  BLOCKWISE,
  BLOCKWISE_BINDINGS,
  ODD_FIRST_BLOCK,
  blockwiseCase,
  blockwiseWeights,
} from '../kernels/blockwise.ts';
import { normals } from '../kernels/cases.ts';
import { quantize_4bit } from '../kernels/quantize_4bit.ts';
import { DTYPE } from '../kernels/stored.ts';
import { blockStep, inParts, rangesWithin, type Matrix, type RowRange } from './parts.ts';
import { bindScales, nestedUpload, scalesUpload, type PartScales } from './scales.ts';
import { defineStorage } from './storage.ts';
import { readFinite, rowRanges, type StoredMatrix } from './stored_matrix.ts';

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
    decoding: scales + step + weight,
    params: BLOCKWISE,
    bindings: BLOCKWISE_BINDINGS,
    decode: ({ rows, K }, params, arrays, overrides) => blockwiseWeights(rows * K, params, arrays, overrides),
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
    return { params: { blocksize, ...params }, buffers: { packed, code, ...buffers }, overrides };
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
  const matrix = await inParts(stored, ranges, (range) =>
    quantizePart(arena, stored, range, blocksize, codes),
  );
  return codes.nested_code ? nest(arena, matrix, codes.nested_code) : matrix;
}

type PlainPart = BlockwisePart & { scales: { kind: 'absmax' } };

async function quantizePart(
  arena: Arena,
  stored: StoredMatrix,
  range: RowRange,
  blocksize: number,
  { book, code }: SharedCodes,
): Promise<PlainPart> {
  const { gpu } = arena;
  const n = range.rows * stored.columns;
  const passing = openArena(gpu);
  try {
    const buffers = {
      weight: await passing.upload(await readFinite(stored, range), `${stored.name}, to be quantized`),
      thresholds: await passing.upload(book.thresholds, 'thresholds'),
      order: await passing.upload(Uint32Array.from(book.order), 'order'),
      packed: await arena.allocate(Math.ceil(n / 2), stored.name),
      absmax: await arena.allocate(4 * Math.ceil(n / blocksize), `${stored.name} absmax`),
    };
    const commands = recordCommands(gpu);
    commands.dispatch(quantize_4bit, { n, blocksize }, buffers, { DTYPE: DTYPE[stored.dtype] });
    commands.submit();
    try {
      // Nothing is read back here that would tell of codes that were never computed.
      await commands.proof;
    } finally {
      commands.close();
    }
    throwIfLost(gpu);
    const { packed, absmax } = buffers;
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
  const plain: Float32Array[] = [];
  for (const { rows, blocksize, scales } of parts) {
    const blocks = Math.ceil((rows * columns) / blocksize);
    plain.push(new Float32Array(await readBack(arena.gpu, scales.absmax, 4 * blocks)));
    arena.free(scales.absmax);
  }
  const absmax = Float32Array.from(plain.flatMap((part) => [...part]));
  const upload = await nestedUpload(arena, quantizeAbsmax(absmax), nested_code);
  const nested: (RowRange & BlockwisePart)[] = [];
  let first = 0;
  for (const [i, part] of parts.entries()) {
    nested.push({ ...part, scales: await upload(first, (first += plain[i]!.length)) });
  }
  return { rows, columns, parts: nested };
}

/** Brings 4-bit codes to the device that were quantized elsewhere; its scales are the ones they came with. */
export async function uploadBlockwise(
  arena: Arena,
  name: string,
  ready: Blockwise4bit,
): Promise<Matrix<BlockwisePart>> {
  const { shape, blocksize, packed } = ready;
  const [rows, columns] = shape as [number, number];
  const code = await arena.upload(ready.code, 'code');
  const scales = await scalesUpload(arena, ready.scales, ready.shift);
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
