import { afterAll, expect, it } from 'vitest';
import { countedGpu } from '../../../test/fixtures/counted_gpu.ts';
import { readNested } from '../../../test/fixtures/read_nested.ts';
import { withLimits } from '../../../test/fixtures/with_limits.ts';
import { quantizeBlockwise } from '../../quant/blockwise.ts';
import { quantizeAbsmax } from '../../quant/double_quant.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { openArena } from '../device/buffers.ts';
import { openGpu } from '../device/device.ts';
import { normals } from '../kernels/cases.ts';
import { loadMatrix, storeAs } from './load_matrix.ts';
import { matrixOfFloats } from './stored_matrix.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

// Parts of 96 rows begin at block 231, within a nested block and a word of codes; many blocks in one part; one block.
it.each([
  ['parts', 411, 77, 32, 32_768],
  ['many', 300, 1001, 16, 2 ** 27],
  ['one block', 1, 60, 64, 2 ** 27],
])('%s: the scales of the CPU, and nothing is read back', async (_, rows, columns, blocksize, limit) => {
  const { gpu: counting, counted } = countedGpu({ ...gpu, device: withLimits(gpu.device, limit) });
  const arena = openArena(counting);
  const data = normals(rows * columns, rows);
  const config = { quant_type: 'nf4', blocksize, double_quant: true, compute_dtype: 'float32' } as const;
  const storing = await storeAs(arena, config);
  let matrix!: Awaited<ReturnType<typeof loadMatrix>>;
  const { bytes_read } = await counted(async () => {
    matrix = await loadMatrix(arena, matrixOfFloats('weight', data, columns), storing);
  });
  expect(bytes_read).toBe(0);
  if (limit < 2 ** 27) expect(matrix.parts.length).toBeGreaterThan(2);
  const { codes, nested_absmax, offset } = quantizeAbsmax(
    quantizeBlockwise({ shape: [rows, columns], data }, NF4, blocksize).scales.absmax,
  );
  expect(await readNested(counting, matrix)).toEqual({ codes, nested_absmax, offset });
  arena.close();
});
