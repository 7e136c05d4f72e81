import loads from '../../../shaders/preludes/int8_loads.wgsl?raw';
import of16 from '../../../shaders/preludes/loads_of_16.wgsl?raw';
import intWords from '../../../shaders/preludes/int8_words.wgsl?raw';
import step from '../../../shaders/preludes/step_of_4.wgsl?raw';
import weight from '../../../shaders/preludes/weight_int8.wgsl?raw';
import { INVERSE_127, dequantizeInt8, quantizeInt8 } from '../../quant/int8.ts';
import type { Int8Tensor } from '../../quant/quantized.ts';
import { decode } from '../../tensor/dtype.ts';
import { words } from '../../tensor/words.ts';
import { write, type Arena } from '../device/buffers.ts';
import { normals } from '../kernels/cases.ts';
import { inWords } from '../kernels/matmul.ts';
import type { CpuRoom } from './cpu_room.ts';
import { inParts, type Matrix, type RowRange } from './parts.ts';
import { defineStorage } from './storage.ts';
import { copyStep, piecesOf, readFinite, rowRanges, type StoredMatrix } from './stored_matrix.ts';

/** 8-bit integers, multiplied as the floats they stand for. */
export interface Int8Part {
  storage: 'int8';
  CB: GPUBuffer;
  SCB: GPUBuffer;
  /** 0 when one scale serves every row. */
  scale_stride: 0 | 1;
}

type Granularity = 'row' | 'tensor';
const STRIDE = { row: 1, tensor: 0 } as const;

/** 8-bit integers with one scale a row, or one in all. */
export const INT8 = defineStorage({
  matmul: {
    name: 'int8',
    decoding: inWords(step + intWords + weight, step + of16 + loads + weight),
    params: { scale_stride: 'u32', inverse_127: 'f32' },
    bindings: { CB: 'read u32', SCB: 'read f32' },
    decode({ rows, K }, _, { CB, SCB }) {
      const integers = new Int8Array(CB.buffer, CB.byteOffset, rows * K);
      return dequantizeInt8({ quant_type: 'int8', shape: [rows, K], CB: integers, SCB }).data;
    },
    touches: ({ K, scale_stride }) => ({
      step: 4,
      prepare: () => [],
      row_at: (n) => [['SCB', n * scale_stride]],
      step_of: (n, k) => [['CB', Math.floor((n * K) / 4) + k]],
      weight_of: (n, k) => [['CB', Math.floor((n * K + k) / 4)]],
      instructions: 5,
      shared_reads: 0,
      loads: {
        size: K % 16 === 0 ? 16 : 0,
        array: 'CB',
        per: 4,
        prepare: () => [],
        load_of: (n, k) => [['CB', (n * K) / 16 + k]],
        instructions: 4.6,
        shared_reads: 0,
      },
    }),
    cases: ({ rows, K }, i) =>
      (['row', 'tensor'] as const).map((granularity) => {
        const data = normals(rows * K, i + 100);
        const { CB, SCB } = quantizeInt8({ shape: [rows, K], data }, granularity);
        return {
          name: `per ${granularity}`,
          params: { scale_stride: STRIDE[granularity], inverse_127: INVERSE_127 },
          arrays: { CB: words(CB), SCB },
          overrides: {},
        };
      }),
  },
  others: [],
  bind: ({ CB, SCB, scale_stride }: Int8Part) => ({
    params: { scale_stride, inverse_127: INVERSE_127 },
    buffers: { CB, SCB },
    overrides: {},
  }),
});

/** Quantizes a matrix to int8 on the CPU, piece by piece; one scale for the tensor needs all of it at once. */
export async function loadInt8(
  arena: Arena,
  stored: StoredMatrix,
  granularity: Granularity,
  room: CpuRoom,
): Promise<Matrix<Int8Part>> {
  const { gpu } = arena;
  const { name, rows, columns } = stored;
  const step = copyStep(columns);
  const whole = granularity === 'tensor' ? await quantizePiece({ first_row: 0, rows }) : undefined;
  return inParts(stored, rowRanges(gpu, stored, step), async (part) => {
    const CB = await arena.allocate(part.rows * columns, name);
    const SCB = await arena.allocate(4 * (whole ? 1 : part.rows), `${name} SCB`);
    if (whole) {
      const { first_row, rows } = part;
      write(gpu, CB, whole.CB.subarray(first_row * columns, (first_row + rows) * columns));
      write(gpu, SCB, whole.SCB);
      return { storage: 'int8', CB, SCB, scale_stride: STRIDE[granularity] };
    }
    for (const piece of piecesOf(stored, part, step)) {
      const at = piece.first_row - part.first_row;
      const some = await quantizePiece(piece);
      write(gpu, CB, some.CB, at * columns);
      write(gpu, SCB, some.SCB, 4 * at);
    }
    return { storage: 'int8', CB, SCB, scale_stride: STRIDE[granularity] };
  });

  async function quantizePiece(piece: RowRange): Promise<Int8Tensor> {
    const n = piece.rows * columns;
    const data = decode(stored.dtype, await readFinite(stored, piece), room.floats(n));
    return quantizeInt8({ shape: [piece.rows, columns], data }, granularity, room.integers(n));
  }
}
