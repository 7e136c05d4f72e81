import type { Codebook } from '../../quant/codebook.ts';
import { quantizeAbsmax } from '../../quant/double_quant.ts';
import { openArena, readBack, type Arena } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import { throwIfLost } from '../device/device.ts';
import {
  gcd,
  readFinite,
  rowRanges,
  type BlockwisePart,
  type DeviceMatrix,
  type RowRange,
  type StoredMatrix,
} from './matrix.ts';
import { quantize_4bit } from '../kernels/quantize_4bit.ts';
import { DTYPE } from '../kernels/stored.ts';

/** The codes that all 4-bit matrices of a model share, and on the device: the nested one for double quantization. */
export interface SharedCodes {
  book: Codebook;
  code: GPUBuffer;
  nested_code?: GPUBuffer;
}

type Part = RowRange & BlockwisePart;

/** Quantizes a matrix to 4 bits on the GPU, part by part; with a nested code, its absmax values in their turn. */
export async function loadBlockwise(
  arena: Arena,
  stored: StoredMatrix,
  { blocksize }: { blocksize: number },
  codes: SharedCodes,
): Promise<DeviceMatrix> {
  const { rows, columns } = stored;
  // A part begins where a block begins.
  const step = blocksize / gcd(blocksize, columns);
  const parts: Part[] = [];
  for (const range of rowRanges(arena.gpu, stored, step)) {
    parts.push(await quantizePart(arena, stored, range, blocksize, codes));
  }
  const { nested_code } = codes;
  return { rows, columns, parts: nested_code ? await nest(arena, parts, columns, nested_code) : parts };
}

async function quantizePart(
  arena: Arena,
  stored: StoredMatrix,
  range: RowRange,
  blocksize: number,
  { book, code }: SharedCodes,
): Promise<Part> {
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
    commands.close();
    throwIfLost(gpu);
    const { packed, absmax } = buffers;
    return { ...range, storage: '4bit', blocksize, packed, absmax, code };
  } finally {
    // The device lets go of them once the dispatch has run.
    passing.close();
  }
}

/**
 * Double quantization of a matrix whose parts are on the device. The mean runs over all parts, and 1/64 of the weights
 * or less comes back for it: the CPU's sum is the same on every adapter.
 */
async function nest(arena: Arena, parts: readonly Part[], columns: number, code: GPUBuffer): Promise<Part[]> {
  const plain: Float32Array[] = [];
  for (const { rows, blocksize, absmax } of parts) {
    const blocks = Math.ceil((rows * columns) / blocksize);
    plain.push(new Float32Array(await readBack(arena.gpu, absmax, 4 * blocks)));
    arena.free(absmax);
  }
  const { codes, nested_absmax, offset } = quantizeAbsmax(
    Float32Array.from(plain.flatMap((part) => [...part])),
  );
  const absmax = await arena.upload(nested_absmax, 'nested absmax');
  const nested: Part[] = [];
  let first_block = 0;
  for (const [i, part] of parts.entries()) {
    const own = codes.slice(first_block, first_block + plain[i]!.length);
    nested.push({
      ...part,
      absmax: await arena.upload(own, 'absmax codes'),
      nested: { first_block, absmax, code, offset },
    });
    first_block += own.length;
  }
  return nested;
}
