import { openArena, readBack, write } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import type { Gpu } from '../device/device.ts';
import { loadFloat } from './float.ts';
import { linear } from './linear.ts';
import { matrixOfFloats, partLimit } from './stored_matrix.ts';

/** Multiplications of one submit at most: a second or so of an adapter that computes on the CPU. */
const MULTIPLICATIONS = 2 ** 31;

/**
 * a · bᵀ of arrays on the CPU, computed on the device in float32: every sum in ascending k.
 * @param a [M, K]
 * @param b [N, K]
 * @returns [M, N]
 * @throws out-of-memory, device-lost; non-finite-weights where b has what is no number
 */
export async function product(
  gpu: Gpu,
  a: Float32Array<ArrayBuffer>,
  b: Float32Array<ArrayBuffer>,
  K: number,
): Promise<Float32Array<ArrayBuffer>> {
  const [M, N] = [a.length / K, b.length / K];
  const y = new Float32Array(M * N);
  const fitting = Math.min(partLimit(gpu) / (4 * Math.max(N, K)), MULTIPLICATIONS / (N * K));
  const most = Math.max(1, Math.min(M, Math.floor(fitting)));
  const arena = openArena(gpu);
  const commands = recordCommands(gpu);
  try {
    const matrix = await loadFloat(arena, matrixOfFloats('factor', b, K));
    const left = await arena.allocate(4 * most * K, 'factor');
    const products = await arena.allocate(4 * most * N, 'products');
    for (let begin = 0; begin < M; begin += most) {
      const rows = Math.min(most, M - begin);
      write(gpu, left, a.subarray(begin * K, (begin + rows) * K));
      linear(commands, matrix, { M: rows, x: left, y: products, compute_dtype: 'float32' });
      commands.submit();
      y.set(new Float32Array(await readBack(gpu, products, 4 * rows * N)), begin * N);
    }
    return y;
  } finally {
    commands.close();
    arena.close();
  }
}
