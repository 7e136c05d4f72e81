import { afterAll, expect, it } from 'vitest';
import { countedGpu } from '../../../test/fixtures/counted_gpu.ts';
import { add } from '../kernels/add.ts';
import { openArena, readBack } from './buffers.ts';
import { recordCommands } from './commands.ts';
import { openGpu } from './device.ts';

const real = await openGpu(navigator.gpu);
afterAll(() => real.device.destroy());

it('makes bind groups and writes parameters once, and forgets them with their buffers', async () => {
  const { gpu, counted } = countedGpu(real);
  const arena = openArena(gpu);
  const commands = recordCommands(gpu);
  const ones = Float32Array.of(1, 1, 1, 1);
  const [x, y] = [await arena.upload(new Float32Array(4), 'x'), await arena.upload(ones, 'y')];
  const addTwice = async (factor: number, to = x) => {
    for (let i = 0; i < 2; i++) commands.dispatch(add, { n: 4, factor }, { x: to, y });
    commands.submit();
    return new Float32Array(await readBack(gpu, to, 16));
  };
  const first = await counted(() => addTwice(1));
  // Beside its own, a read-back copies in a submit.
  expect(first).toMatchObject({
    bind_groups: 1,
    layouts: 1,
    dispatches: 2,
    submits: 2,
    writes: 1,
    buffers: 1,
  });
  expect(await counted(() => addTwice(1))).toEqual({
    ...{ bind_groups: 0, layouts: 0, buffers: 0, writes: 0 },
    ...{ dispatches: 2, submits: 2, bytes_read: 16 },
  });
  expect(await counted(() => addTwice(0.5))).toMatchObject({ bind_groups: 0, writes: 1 });
  expect(await readBack(gpu, x, 16)).toEqual(Float32Array.of(5, 5, 5, 5).buffer);

  const z = await arena.upload(new Float32Array(4), 'z');
  expect(gpu.bindGroups.size).toBe(1);
  expect(await addTwice(1, z)).toEqual(Float32Array.of(2, 2, 2, 2));
  expect(gpu.bindGroups.size).toBe(2);
  arena.free(z);
  expect(gpu.bindGroups.size).toBe(1);
  commands.close();
  expect(gpu.bindGroups.size).toBe(0);
  arena.close();
});

it('computes right with more sets of parameters than are kept, in one submit or many', async () => {
  const arena = openArena(real);
  const commands = recordCommands(real);
  const x = await arena.upload(new Float32Array(4), 'x');
  const y = await arena.upload(Float32Array.of(1, 2, 3, 4), 'y');
  // Each set once, and once more: 1 + … + 700, twice.
  for (let round = 0; round < 2; round++) {
    for (let factor = 1; factor <= 700; factor++) commands.dispatch(add, { n: 4, factor }, { x, y });
  }
  commands.submit();
  const sum = 700 * 701;
  expect(new Float32Array(await readBack(real, x, 16))).toEqual(
    Float32Array.of(sum, 2 * sum, 3 * sum, 4 * sum),
  );
  commands.close();
  arena.close();
});
