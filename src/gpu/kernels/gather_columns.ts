import source from '../../../shaders/gather_columns.wgsl?raw';
import { seededRandom } from '../../tensor/random.ts';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

const GATHER = { n: 'u32', K: 'u32' } as const;

/** The columns of a Linear's input in the order that its codes stand in, where they were quantized in another (act-order). */
export const gather_columns = defineKernel({
  name: 'gather_columns',
  wgsl: source,
  params: GATHER,
  bindings: { x: 'read f32', order: 'read u32', y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: ({ K }, { x, order }) => ({
    y: x.map((_, i) => x[i - (i % K) + order[i % K]!]!),
  }),
  tolerance: 'exact',
  cases: () => [gatherCase(1, 64), gatherCase(5, 172)],
  traffic: elementTraffic<typeof GATHER>({
    elements: ({ n }) => n,
    element: ({ K }, i, { order }) => [
      ['order', i % K],
      ['x', i - (i % K) + order![i % K]!],
    ],
    flops: () => 0,
    instructions: () => 25,
  }),
});

function gatherCase(T: number, K: number) {
  const order = Uint32Array.from(seededRandom(K).shuffle(Array.from({ length: K }, (_, k) => k)));
  return {
    name: `${T} tokens · ${K} columns`,
    params: { n: T * K, K },
    arrays: { x: normals(T * K, 1), order, y: floats(T * K) },
  };
}
