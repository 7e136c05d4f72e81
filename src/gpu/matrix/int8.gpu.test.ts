import { afterAll, expect, it } from 'vitest';
import { quantizeInt8 } from '../../quant/int8.ts';
import { seededRandom } from '../../tensor/random.ts';
import { openArena, readBack } from '../device/buffers.ts';
import { openGpu } from '../device/device.ts';
import { cpuRoom } from './cpu_room.ts';
import { loadInt8 } from './int8.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

it('a matrix that is decoded some rows at a time has the integers and scales of the whole', async () => {
  const [rows, columns] = [1030, 2100];
  const { integer } = seededRandom(3);
  const data = Float32Array.from({ length: rows * columns }, () => (integer(2001) - 1000) / 64);
  const lengths: number[] = [];
  const stored = {
    name: 'w',
    rows,
    columns,
    dtype: 'F32' as const,
    read(first: number, end: number) {
      lengths.push(end - first);
      return Promise.resolve(new Uint8Array(data.slice(first * columns, end * columns).buffer));
    },
  };
  const arena = openArena(gpu);
  const { parts } = await loadInt8(arena, stored, 'row', cpuRoom());
  const [{ CB, SCB }] = parts as [(typeof parts)[number]];
  const right = quantizeInt8({ shape: [rows, columns], data }, 'row');
  expect(parts).toHaveLength(1);
  expect(lengths.length).toBeGreaterThan(1);
  const there = new Int8Array(await readBack(gpu, CB, rows * columns));
  expect(right.CB.findIndex((code, i) => code !== there[i])).toBe(-1);
  expect(new Float32Array(await readBack(gpu, SCB, 4 * rows))).toEqual(right.SCB);
  arena.close();
});
