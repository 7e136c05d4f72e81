import { afterAll, expect, it } from 'vitest';
import type { QuantConfig } from '../../quant/config.ts';
import { encodeBF16 } from '../../tensor/dtype.ts';
import { openArena, readBack, type Arena } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import { openGpu } from '../device/device.ts';
import { floats, normals } from '../kernels/cases.ts';
import { joinRows } from './join.ts';
import { linear } from './linear.ts';
import { loadMatrix, storeAs } from './load_matrix.ts';
import type { DeviceMatrix } from './matrix.ts';
import type { StoredMatrix } from './stored_matrix.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const K = 96;

/** A matrix in BF16 whose values grow with its seed, so that no two have scales alike. */
function stored(rows: number, seed: number, columns = K): StoredMatrix {
  const values = normals(rows * columns, seed).map((value) => value * seed);
  const bytes = encodeBF16(values);
  const row = bytes.byteLength / rows;
  return {
    name: `of seed ${seed}`,
    rows,
    columns,
    dtype: 'BF16',
    read: (begin, end) =>
      Promise.resolve(new Uint8Array(bytes.buffer, bytes.byteOffset + begin * row, (end - begin) * row)),
  };
}

async function multiplied(
  arena: Arena,
  matrix: DeviceMatrix,
  rows: readonly [number, number],
): Promise<Float32Array> {
  const commands = recordCommands(gpu);
  const x = await arena.upload(normals(2 * K, 9), 'x');
  const y = await arena.upload(floats(2 * (rows[1] - rows[0])), 'y');
  linear(commands, matrix, { M: 2, x, y, compute_dtype: 'float32', rows });
  commands.submit();
  const read = new Float32Array(await readBack(gpu, y, 8 * (rows[1] - rows[0])));
  commands.close();
  return read;
}

const nf4 = { quant_type: 'nf4', blocksize: 64, compute_dtype: 'float32' } as const;

it.each<[string, QuantConfig]>([
  ['as stored', { quant_type: 'none', compute_dtype: 'float32' }],
  ['NF4', { ...nf4, double_quant: false }],
  ['double quant', { ...nf4, double_quant: true }],
  ['MXFP4', { quant_type: 'mxfp4', scale_rule: 'even', compute_dtype: 'float32' }],
  ['NVFP4', { quant_type: 'nvfp4', compute_dtype: 'float32' }],
  ['HQQ', { quant_type: 'hqq', group_size: 32, compute_dtype: 'float32' }],
  ['FP8 by row', { quant_type: 'fp8', scaling: 'row', compute_dtype: 'float32' }],
  ['int8 by row', { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' }],
])('three matrices as one come to the same bits: %s', async (_, config) => {
  const arena = openArena(gpu);
  const storing = await storeAs(arena, config);
  // The first two end within a nested block.
  const sizes = [200, 32, 16];
  const matrices: DeviceMatrix[] = [];
  for (const [i, rows] of sizes.entries())
    matrices.push(await loadMatrix(arena, stored(rows, i + 1), storing));
  const apart: Float32Array[] = [];
  for (const matrix of matrices) apart.push(await multiplied(arena, matrix, [0, matrix.rows]));
  const before = arena.bytes;
  const joined = (await joinRows(arena, matrices))!;
  expect(joined).toMatchObject({ rows: 248, columns: K });
  expect(Math.abs(arena.bytes - before)).toBeLessThan(16 * 12);
  let begin = 0;
  for (const [i, rows] of sizes.entries()) {
    expect(await multiplied(arena, joined, [begin, begin + rows])).toEqual(apart[i]);
    begin += rows;
  }
  arena.close();
});

it('leaves matrices apart that do not end where a block does, that are stored otherwise, or are too many', async () => {
  const arena = openArena(gpu);
  const blocks = await storeAs(arena, { ...nf4, double_quant: false });
  const plain = await storeAs(arena, { quant_type: 'none', compute_dtype: 'float32' });
  const load = (rows: number, storing: typeof blocks) => loadMatrix(arena, stored(rows, 1), storing);
  const [odd, even, float] = [await load(3, blocks), await load(2, blocks), await load(2, plain)];
  const before = arena.bytes;
  expect(await joinRows(arena, [odd, even])).toBeUndefined();
  expect(await joinRows(arena, [even, float])).toBeUndefined();
  expect(await joinRows(arena, [even, even, even, even])).toBeUndefined();
  expect(arena.bytes).toBe(before);
  arena.close();
});
