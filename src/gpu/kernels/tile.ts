import eight from '../../../shaders/preludes/lane_of_8.wgsl?raw';
import sixteen from '../../../shaders/preludes/lane_of_16.wgsl?raw';
import source from '../../../shaders/tile.wgsl?raw';
import type { Form } from './matmul.ts';

/** Sixteen rows of the weight and some tokens an invocation, eight invocations a workgroup. */
const tile = (name: string, lane: string, tokens: number): Form => ({
  name,
  source: `${lane}\n${source}`,
  reads: 'alone',
  workgroups: ({ M, N }) => [Math.ceil(N / 128), Math.ceil(M / tokens)],
});

export const TILE = tile('tile', eight, 8);

export const TILE_16 = tile('tile_16', sixteen, 16);
