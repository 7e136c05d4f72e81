import step from '../../../shaders/preludes/step_of_4.wgsl?raw';
import weight from '../../../shaders/preludes/weight_int8.wgsl?raw';
import { dequantizeInt8, quantizeInt8 } from '../../quant/int8.ts';
import type { Int8Tensor } from '../../quant/quantized.ts';
import { decode } from '../../tensor/dtype.ts';
import { words } from '../../tensor/words.ts';
import type { Arena } from '../device/buffers.ts';
import { normals } from '../kernels/cases.ts';
import { inParts, rangesWithin, type Matrix, type RowRange } from './parts.ts';
import { defineStorage } from './storage.ts';
import { readFinite, rowBytes, rowRanges, type StoredMatrix } from './stored_matrix.ts';

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
    decoding: step + weight,
    params: { scale_stride: 'u32' },
    bindings: { CB: 'read u32', SCB: 'read f32' },
    decode({ rows, K }, _, { CB, SCB }) {
      const integers = new Int8Array(CB.buffer, CB.byteOffset, rows * K);
      return dequantizeInt8({ quant_type: 'int8', shape: [rows, K], CB: integers, SCB }).data;
    },
    cases: ({ rows, K }, i) =>
      (['row', 'tensor'] as const).map((granularity) => {
        const data = normals(rows * K, i + 100);
        const { CB, SCB } = quantizeInt8({ shape: [rows, K], data }, granularity);
        return {
          name: `per ${granularity}`,
          params: { scale_stride: STRIDE[granularity] },
          arrays: { CB: words(CB), SCB },
          overrides: {},
        };
      }),
  },
  others: [],
  bind: ({ CB, SCB, scale_stride }: Int8Part) => ({
    params: { scale_stride },
    buffers: { CB, SCB },
    overrides: {},
  }),
});

/** Stored bytes that are decoded at once: as float32 they take up to twice as many, beside the part's integers. */
const DECODED_BYTES = 8 * 1024 * 1024;

/** Quantizes a matrix to int8 on the CPU, part by part; one scale for the tensor needs all of it at once. */
export async function loadInt8(
  arena: Arena,
  stored: StoredMatrix,
  granularity: Granularity,
): Promise<Matrix<Int8Part>> {
  const { name, rows, columns } = stored;
  const whole =
    granularity === 'tensor' ? await quantizeRows(stored, { first_row: 0, rows }, granularity) : undefined;
  return inParts(stored, rowRanges(arena.gpu, stored), async (range) => {
    const { first_row, rows } = range;
    const own = whole
      ? { ...whole, CB: whole.CB.subarray(first_row * columns, (first_row + rows) * columns) }
      : await quantizeRows(stored, range, granularity);
    return {
      storage: 'int8',
      CB: await arena.upload(own.CB, name),
      SCB: await arena.upload(own.SCB, `${name} SCB`),
      scale_stride: STRIDE[granularity],
    };
  });
}

async function quantizeRows(
  stored: StoredMatrix,
  range: RowRange,
  granularity: Granularity,
): Promise<Int8Tensor> {
  const { columns, dtype } = stored;
  const shape = [range.rows, columns];
  if (granularity === 'tensor') {
    return quantizeInt8({ shape, data: decode(dtype, await readFinite(stored, range)) }, granularity);
  }
  const CB = new Int8Array(range.rows * columns);
  const SCB = new Float32Array(range.rows);
  for (const { first_row, rows } of rangesWithin(DECODED_BYTES, range.rows, rowBytes(stored))) {
    const bytes = await readFinite(stored, { first_row: range.first_row + first_row, rows });
    const some = quantizeInt8({ shape: [rows, columns], data: decode(dtype, bytes) }, granularity);
    CB.set(some.CB, first_row * columns);
    SCB.set(some.SCB, first_row);
  }
  return { quant_type: 'int8', shape, CB, SCB };
}
