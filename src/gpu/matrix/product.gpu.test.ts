import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../device/device.ts';
import { normals } from '../kernels/cases.ts';
import { product } from './product.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

test.each([
  [1, 1, 1],
  [3, 70, 77],
  [65, 40, 128],
])('[%i, K] · [%i, K]ᵀ of %i products each', async (M, N, K) => {
  const [a, b] = [normals(M * K, 1), normals(N * K, 2)];
  const y = await product(gpu, a, b, K);
  expect(y).toHaveLength(M * N);
  y.forEach((sum, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    let exact = 0;
    for (let k = 0; k < K; k++) exact += a[i * K + k]! * b[j * K + k]!;
    expect(Math.abs(sum - exact)).toBeLessThan(1e-6 * K);
  });
});
