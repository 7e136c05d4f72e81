import of32 from '../../../shaders/preludes/tile_32.wgsl?raw';
import of64 from '../../../shaders/preludes/tile_64.wgsl?raw';
import source from '../../../shaders/shared_tile.wgsl?raw';
import type { Form } from './matmul.ts';

/** `size` rows of the weight and `size` tokens a workgroup, whose lanes share what each of them fetched. */
const sharedTile = (size: number, prelude: string): Form => ({
  name: `tile_${size}`,
  source: prelude + source,
  workgroups: ({ M, N }) => [Math.ceil(N / size), Math.ceil(M / size)],
});

/** For small matrices, few tokens and weak adapters. */
export const TILE_32 = sharedTile(32, of32);

/** Decodes a weight once for 64 tokens. */
export const TILE_64 = sharedTile(64, of64);
