import { NESTED_BLOCKSIZE, nestedBlocks } from '../../quant/double_quant.ts';
import { copy, largestBinding, type Arena, type Place } from '../device/buffers.ts';
import { bufferBytes, nestedCodes } from '../device/limits.ts';
import type { NestedRange } from '../kernels/blockwise.ts';
import { dtypeBytes } from '../kernels/stored.ts';
import type { BlockwisePart } from './blockwise.ts';
import type { BytesPart } from './byte_codes.ts';
import type { FloatPart } from './float.ts';
import type { Int8Part } from './int8.ts';
import type { DeviceMatrix, MatrixPart } from './matrix.ts';
import type { RowRange } from './parts.ts';
import type { PartScales } from './scales.ts';

/**
 * Matrices of one input as one, their rows one behind the other, so that a dispatch multiplies them all; their own
 * buffers are freed. Undefined, with nothing changed, where they are stored in different ways, in several parts, or do
 * not end where a block and a copy may. Codes and scales stay what they were: [576, 576] and twice [192, 576] become
 * [960, 576].
 */
export async function joinRows(
  arena: Arena,
  matrices: readonly DeviceMatrix[],
): Promise<DeviceMatrix | undefined> {
  const { columns } = matrices[0]!;
  if (matrices.length > MOST) return undefined;
  if (matrices.some((one) => one.parts.length !== 1 || one.columns !== columns)) return undefined;
  const joined = await joinParts(
    arena,
    matrices.map(({ parts }) => parts[0]!),
    columns,
  );
  if (!joined) return undefined;
  const rows = matrices.reduce((sum, one) => sum + one.rows, 0);
  return { rows, columns, parts: [{ first_row: 0, rows, ...joined }] };
}

/** Matrices that scales.wgsl tells apart. */
const MOST = 3;

type Part<P> = readonly (P & RowRange)[];

const same = <T>(values: readonly T[]): boolean => values.every((value) => value === values[0]);

async function joinParts(
  arena: Arena,
  parts: Part<MatrixPart>,
  columns: number,
): Promise<MatrixPart | undefined> {
  const weights = parts.map(({ rows }) => rows * columns);
  const { storage } = parts[0]!;
  if (!same(parts.map((part) => part.storage))) return undefined;
  switch (storage) {
    case 'float':
      return joinFloats(arena, parts as Part<FloatPart>, weights);
    case 'blockwise':
      return joinBlocks(arena, parts as Part<BlockwisePart>, weights);
    case 'int8':
      return joinIntegers(arena, parts as Part<Int8Part>, weights);
    case 'bytes':
      return joinBytes(arena, parts as Part<BytesPart>, weights);
    case 'llm_int8':
      return undefined;
  }
}

async function joinFloats(
  arena: Arena,
  parts: Part<FloatPart>,
  weights: readonly number[],
): Promise<FloatPart | undefined> {
  const { dtype } = parts[0]!;
  if (!same(parts.map((part) => part.dtype))) return undefined;
  const pieces = parts.map(({ weight }, i) => ({ buffer: weight, bytes: weights[i]! * dtypeBytes(dtype) }));
  const weight = await join(arena, [pieces]);
  return weight && { storage: 'float', dtype, weight: weight[0]! };
}

async function joinIntegers(
  arena: Arena,
  parts: Part<Int8Part>,
  weights: readonly number[],
): Promise<Int8Part | undefined> {
  // One scale in all is another for each matrix.
  if (parts.some(({ scale_stride }) => scale_stride !== 1)) return undefined;
  const made = await join(arena, [
    parts.map(({ CB }, i) => ({ buffer: CB, bytes: weights[i]! })),
    parts.map(({ SCB, rows }) => ({ buffer: SCB, bytes: 4 * rows })),
  ]);
  return made && { storage: 'int8', CB: made[0]!, SCB: made[1]!, scale_stride: 1 };
}

async function joinBytes(
  arena: Arena,
  parts: Part<BytesPart>,
  weights: readonly number[],
): Promise<BytesPart | undefined> {
  const { blocksize, code } = parts[0]!;
  if (!same(parts.map((part) => part.blocksize)) || !same(parts.map((part) => part.code))) return undefined;
  if (weights.some((count) => count % blocksize !== 0)) return undefined;
  const made = await join(arena, [
    parts.map(({ codes }, i) => ({ buffer: codes, bytes: weights[i]! })),
    parts.map(({ scales }, i) => ({ buffer: scales, bytes: (4 * weights[i]!) / blocksize })),
  ]);
  return made && { storage: 'bytes', blocksize, code, codes: made[0]!, scales: made[1]! };
}

async function joinBlocks(
  arena: Arena,
  parts: Part<BlockwisePart>,
  weights: readonly number[],
): Promise<BlockwisePart | undefined> {
  const { blocksize, code } = parts[0]!;
  if (!same(parts.map((part) => part.blocksize)) || !same(parts.map((part) => part.code))) return undefined;
  if (weights.some((count) => count % blocksize !== 0)) return undefined;
  const blocks = weights.map((count) => count / blocksize);
  const packed = parts.map(({ packed }, i) => ({ buffer: packed, bytes: weights[i]! / 2 }));
  const scales = scalePieces(
    parts.map((part) => part.scales),
    blocks,
  );
  if (!scales) return undefined;
  const made = await join(arena, [packed, ...scales.pieces]);
  return (
    made && { storage: 'blockwise', blocksize, code, packed: made[0]!, scales: scales.of(made.slice(1)) }
  );
}

type AbsmaxScales = Extract<PartScales, { kind: 'absmax' }>;
type NestedScales = Extract<PartScales, { kind: 'nested' }>;

/** What is to be put together of scales, and the scales that come of it. */
function scalePieces(
  scales: readonly PartScales[],
  blocks: readonly number[],
): { pieces: Piece[][]; of(made: readonly GPUBuffer[]): PartScales } | undefined {
  if (scales.every((one): one is AbsmaxScales => one.kind === 'absmax')) {
    const kinds = scales.map(({ shift }) => shift?.kind);
    if (!same(kinds)) return undefined;
    const floats = (buffers: readonly GPUBuffer[]): Piece[] =>
      buffers.map((buffer, i) => ({ buffer, bytes: 4 * blocks[i]! }));
    const [kind] = kinds;
    const absmax = floats(scales.map((one) => one.absmax));
    if (!kind) return { pieces: [absmax], of: ([absmax]) => ({ kind: 'absmax', absmax: absmax! }) };
    return {
      pieces: [absmax, floats(scales.map(({ shift }) => shift!.values))],
      of: ([absmax, values]) => ({ kind: 'absmax', absmax: absmax!, shift: { kind, values: values! } }),
    };
  }
  if (!scales.every((one): one is NestedScales => one.kind === 'nested')) return undefined;
  const { nested_code } = scales[0]!;
  const whole = scales.every(({ ranges }) => ranges.length === 1 && ranges[0]!.first_block === 0);
  if (!whole || !same(scales.map((one) => one.nested_code))) return undefined;
  const counts = blocks.map(nestedBlocks);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const ranges: NestedRange[] = [];
  let [block, nested] = [0, 0];
  for (const [i, count] of counts.entries()) {
    // Its codes begin where the nested blocks before it end.
    const first_block = (NESTED_BLOCKSIZE * nested - block) >>> 0;
    ranges.push({ block, first_block, offset: all + i });
    block += blocks[i]!;
    nested += count;
  }
  return {
    pieces: [
      scales.map(({ codes }, i) => ({ buffer: codes, bytes: nestedCodes(blocks[i]!) })),
      [
        ...scales.map(({ nested_absmax }, i) => ({ buffer: nested_absmax, bytes: 4 * counts[i]! })),
        // The means behind them all.
        ...scales.map(({ nested_absmax }, i) => ({
          buffer: nested_absmax,
          offset: 4 * counts[i]!,
          bytes: 4,
        })),
      ],
    ],
    of: ([codes, nested_absmax]) => ({
      kind: 'nested',
      codes: codes!,
      nested_absmax: nested_absmax!,
      nested_code,
      ranges,
    }),
  };
}

/** Bytes of a buffer, its first ones where it says nothing else. */
interface Piece extends Place {
  bytes: number;
}

/** Buffers made of others, each of its pieces one behind the other; undefined where a copy would have to cut a word. */
async function join(arena: Arena, made: readonly (readonly Piece[])[]): Promise<GPUBuffer[] | undefined> {
  const { gpu } = arena;
  const sizes = made.map((pieces) => pieces.reduce((sum, { bytes }) => sum + bytes, 0));
  if (sizes.some((size) => bufferBytes(size) > largestBinding(gpu))) return undefined;
  if (made.some((pieces) => pieces.slice(0, -1).some(({ bytes }) => bytes % 4 !== 0))) return undefined;
  const buffers: GPUBuffer[] = [];
  for (const [i, pieces] of made.entries()) {
    const buffer = await arena.allocate(sizes[i]!, pieces[0]!.buffer.label);
    let offset = 0;
    for (const piece of pieces) {
      copy(gpu, piece, { buffer, offset }, piece.bytes);
      offset += piece.bytes;
    }
    for (const piece of pieces) arena.free(piece.buffer);
    buffers.push(buffer);
  }
  return buffers;
}
