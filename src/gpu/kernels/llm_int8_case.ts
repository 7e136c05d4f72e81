import { normals } from './cases.ts';

/** Activations with outliers in a few columns, one of them exactly at the threshold, and a token of zeros. */
export function activations(M: number, K: number, threshold: number): Float32Array<ArrayBuffer> {
  const x = normals(M * K, M + K).map((v) => v * 0.9);
  for (const [token, column, factor] of [
    [0, 5, 1],
    [M - 1, K - 1, -1.7],
    [M >> 1, 31, 2.5],
  ] as const) {
    x[token * K + (column % K)] = factor * threshold;
  }
  if (M > 4) x.fill(0, 3 * K, 4 * K);
  return x;
}
