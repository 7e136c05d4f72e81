import loads from '../../../shaders/preludes/float_loads.wgsl?raw';
import words from '../../../shaders/preludes/float_words.wgsl?raw';
import step from '../../../shaders/preludes/step_of_4.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import weight from '../../../shaders/preludes/weight_float.wgsl?raw';
import type { QuantizableDtype } from '../../tensor/dtype.ts';
import { write, type Arena } from '../device/buffers.ts';
import { normals } from '../kernels/cases.ts';
import { inWords } from '../kernels/matmul.ts';
import { decodeWords, DTYPE, encodeWords } from '../kernels/stored.ts';
import type { Touch } from '../traffic/touched.ts';
import { inParts, type Matrix } from './parts.ts';
import { copyStep, piecesOf, readFinite, rowBytes, rowRanges, type StoredMatrix } from './stored_matrix.ts';
import { defineStorage } from './storage.ts';

/** Rows as the checkpoint stores them. */
export interface FloatPart {
  storage: 'float';
  dtype: QuantizableDtype;
  weight: GPUBuffer;
}

/** Weights in float32, float16 or bfloat16. */
export const FLOAT = defineStorage({
  matmul: {
    name: 'float',
    decoding: inWords(stored + step + words + weight, stored + step + loads + weight),
    params: {},
    bindings: { weight: 'read u32' },
    decode: (_, __, { weight }, overrides) => decodeWords(weight, overrides),
    touches: ({ K }, { DTYPE: dtype }) => {
      const four = (i: number): Touch[] =>
        dtype === DTYPE.F32
          ? [
              ['weight', 2 * i],
              ['weight', 2 * i + 1],
            ]
          : [['weight', i]];
      const size = dtype === DTYPE.F32 ? 4 : 8;
      return {
        step: 4,
        prepare: () => [],
        row_at: () => [],
        step_of: (n, k) => four(Math.floor((n * K) / 4) + k),
        weight_of: (n, k) => four(Math.floor((n * K + k) / 4)),
        instructions: dtype === DTYPE.F32 ? 1 : 3,
        shared_reads: 0,
        loads: {
          size: K % size === 0 ? size : 0,
          array: 'weight',
          per: 2,
          prepare: () => [],
          load_of: (n, k) => [['weight', (n * K) / size + k]],
          instructions: dtype === DTYPE.F32 ? 1 : 2,
          shared_reads: 0,
        },
      };
    },
    cases: ({ rows, K }, i) =>
      (['F32', 'F16', 'BF16'] as const).map((dtype) => ({
        name: dtype,
        params: {},
        arrays: { weight: encodeWords(normals(rows * K, i + 100), dtype) },
        overrides: { DTYPE: DTYPE[dtype] },
      })),
  },
  others: [],
  bind: ({ dtype, weight }: FloatPart) => ({
    params: {},
    buffers: { weight },
    overrides: { DTYPE: DTYPE[dtype] },
  }),
});

/** Brings a matrix to the device as it is stored. */
export const loadFloat = (arena: Arena, stored: StoredMatrix): Promise<Matrix<FloatPart>> =>
  inParts(stored, rowRanges(arena.gpu, stored), async (part) => {
    const size = rowBytes(stored);
    const weight = await arena.allocate(part.rows * size, stored.name);
    for (const piece of piecesOf(stored, part, copyStep(size))) {
      const bytes = await readFinite(stored, piece);
      write(arena.gpu, weight, bytes, (piece.first_row - part.first_row) * size);
    }
    return { storage: 'float', dtype: stored.dtype, weight };
  });
