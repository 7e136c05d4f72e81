import of32 from '../../../shaders/preludes/tile_32.wgsl?raw';
import of64 from '../../../shaders/preludes/tile_64.wgsl?raw';
import source from '../../../shaders/shared_tile.wgsl?raw';
import type { Form, MatmulParams } from './matmul.ts';
import type { WeightTouches } from '../traffic/matmul_traffic.ts';
import type { Collector } from '../traffic/touched.ts';

/** `size` rows of the weight and `size` tokens a workgroup, whose lanes share what each of them fetched. */
const sharedTile = (size: number, depth: number, prelude: string): Form => ({
  name: `tile_${size}`,
  source: prelude + source,
  reads: 'words',
  workgroups: ({ M, N }) => [Math.ceil(N / size), Math.ceil(M / size)],
  traffic: {
    lanes: (size / 4) ** 2,
    walk: (shape, weights, group, into) => walkTile({ size, depth }, shape, weights, group, into),
    decodes: ({ M }) => Math.ceil(M / size),
    // Four rows and four tokens a lane: eight vec4s for 64 products.
    instructions: 0.25,
    shared_reads: 8 / 64,
  },
});

/** For small matrices, few tokens and weak adapters. */
export const TILE_32 = sharedTile(32, 32, of32);

/** Decodes a weight once for 64 tokens. */
export const TILE_64 = sharedTile(64, 16, of64);

/** What a group reads: x and weight a step of K at a time, and both again from where it put them. */
function walkTile(
  { size, depth }: { size: number; depth: number },
  { M, N, K, first_row }: MatmulParams,
  weights: WeightTouches,
  [x, y]: readonly [number, number],
  { read }: Collector,
): void {
  const side = size / 4;
  const pitch = depth / 4 + 1;
  const { step } = weights;
  for (let lane = 0; lane < side ** 2; lane++) {
    read(lane, ...weights.prepare(lane));
    const rowOf = (i: number) => first_row + Math.min(size * x + i, N - 1);
    const tokenOf = (i: number) => Math.min(size * y + i, M - 1);
    for (let k0 = 0; k0 < K; k0 += depth) {
      if (K % step === 0) {
        const steps = depth / step;
        for (let i = lane; i < size * steps; i += side ** 2) {
          const k = k0 / step + (i % steps);
          const n = rowOf(Math.floor(i / steps));
          if (k < K / step) read(lane, ...weights.row_at(n), ...weights.step_of(n, k));
        }
        for (let i = lane; i < (size * depth) / 4; i += side ** 2) {
          const k = k0 / 4 + (i % (depth / 4));
          if (k < K / 4) read(lane, ['x', (tokenOf(Math.floor(i / (depth / 4))) * K) / 4 + k]);
        }
      } else {
        for (let i = lane; i < (size * depth) / 4; i += side ** 2) {
          const n = rowOf(Math.floor(i / (depth / 4)));
          read(lane, ...weights.row_at(n));
          for (let j = 0; j < 4; j++) {
            const k = Math.min(k0 + 4 * (i % (depth / 4)) + j, K - 1);
            const at = Math.floor((tokenOf(Math.floor(i / (depth / 4))) * K + k) / 4);
            read(lane, ...weights.weight_of(n, k), ['x', at]);
          }
        }
      }
      const columns = Math.min(depth, K - k0);
      const next = (array: string, first: number, k: number) => {
        for (let i = 0; i < 4; i++) read(lane, [array, first + i * side * pitch + k]);
      };
      // Four columns at a time, and those that are left one by one.
      for (let k = 0; k < columns; k += k + 4 <= columns ? 4 : 1) {
        next('ws', pitch * (lane % side), Math.floor(k / 4));
        next('xs', pitch * Math.floor(lane / side), Math.floor(k / 4));
      }
    }
  }
}
