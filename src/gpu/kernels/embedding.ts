import source from '../../../shaders/embedding.wgsl?raw';
import stored from '../../../shaders/preludes/stored.wgsl?raw';
import type { QuantizableDtype } from '../../tensor/dtype.ts';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { DTYPE, decodeWords, encodeWords } from './stored.ts';

const EMBEDDING = { T: 'u32', width: 'u32', first_row: 'u32', rows: 'u32' } as const;

/** y[t] = table[ids[t]] as float32, for the ids whose rows this part of the table holds. */
export const embedding = defineKernel({
  name: 'embedding',
  wgsl: stored + source,
  params: EMBEDDING,
  bindings: { ids: 'read u32', table: 'read u32', y: 'read_write f32' },
  workgroups: ({ T, width }) => grid(T * width),
  reference: ({ T, width, first_row, rows }, { ids, table, y }, overrides) => {
    const values = decodeWords(table, overrides);
    const out = y.slice();
    for (let t = 0; t < T; t++) {
      const row = ids[t]! - first_row;
      if (row < 0 || row >= rows) continue;
      out.set(values.subarray(row * width, (row + 1) * width), t * width);
    }
    return { y: out };
  },
  tolerance: 'exact',
  cases: () => [embeddingCase('F32', 37, 0), embeddingCase('BF16', 36, 5), embeddingCase('F16', 7, 9)],
  traffic: elementTraffic<typeof EMBEDDING>({
    elements: ({ T, width }) => T * width,
    element({ width, first_row, rows }, i, { ids }, { DTYPE: dtype }) {
      const token = Math.floor(i / width);
      const row = ids![token]! - first_row;
      const at = row * width + (i % width);
      const word = dtype === DTYPE.F32 ? at : at >> 1;
      return row >= 0 && row < rows
        ? [
            ['ids', token],
            ['table', word],
          ]
        : [['ids', token]];
    },
    flops: () => 0,
    instructions: () => 30,
  }),
});

function embeddingCase(dtype: QuantizableDtype, width: number, first_row: number) {
  const rows = 11;
  const ids = Uint32Array.of(0, 10, 5, 5, 9, 14, 3);
  return {
    name: `${dtype} · width ${width} · from row ${first_row}`,
    params: { T: ids.length, width, first_row, rows },
    arrays: { ids, table: encodeWords(normals(rows * width, 1), dtype), y: floats(ids.length * width) },
    overrides: { DTYPE: DTYPE[dtype] },
  };
}
